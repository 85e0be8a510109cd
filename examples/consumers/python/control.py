"""Changes the filter of an open connection. Needs: pip install websockets"""
import json
from websockets.sync.client import connect

requests = [
    {"op": "add", "filter": {"domain": ["example.net"]}},
    {"op": "remove", "filter": {"domain": ["example.com"]}},
    {"op": "pause"},
    {"op": "resume"},
    {"op": "subscribe", "filter": {"regex": ["("]}},
    {"op": "subscribe", "filter": {"keyword": ["juniper"], "type": ["precert"]}, "unique": True},
    {"op": "status"},
]
with connect("ws://localhost:8080/?domain=example.com&events=1", max_size=None) as stream:

    def send_next():
        stream.send(json.dumps(requests.pop(0) | {"id": len(requests)}))

    send_next()
    for text in stream:
        message = json.loads(text)
        if message["message_type"] == "certificate_update":
            print(*message["data"]["leaf_cert"]["all_domains"])
        elif message["message_type"] in ("subscribed", "error", "status"):
            print(text)
            if not requests:
                break
            send_next()
