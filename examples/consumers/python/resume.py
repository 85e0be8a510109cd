"""Prints the certificates below example.com, also those of the time in which this program did not run.

Needs: pip install websockets
"""
import json, pathlib, sys, time
from urllib.parse import urlencode
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

place = pathlib.Path("cursor.txt")


def save(cursor):
    # The file is complete at any time, also if this program is killed.
    pathlib.Path("cursor.new").write_text(cursor)
    pathlib.Path("cursor.new").replace(place)


def follow():
    query = {"domain": "example.com", "events": 1, "enrich": 1, "slow": "close"}
    if place.exists():
        query["since"] = place.read_text()
    with connect(f"ws://localhost:8080/?{urlencode(query)}", max_size=None) as stream:
        for text in stream:
            message = json.loads(text)
            data = message.get("data", {})
            if message["message_type"] == "certificate_update":
                print(*data["leaf_cert"]["all_domains"], flush=True)
            elif message["message_type"] == "gap":
                print("missed", text, file=sys.stderr)
            if data.get("cursor"):
                save(data["cursor"])


while True:
    try:
        follow()
    except InvalidStatus as refused:
        answer = json.loads(refused.response.body)
        if "oldest" not in answer:
            sys.exit(answer["error"])
        # The server no longer knows the cursor: continue with the oldest entry that it holds.
        save(answer["oldest"])
    except (ConnectionClosed, OSError):
        pass
    time.sleep(1)
