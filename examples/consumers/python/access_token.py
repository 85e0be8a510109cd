"""Connects with an access token. Needs: pip install websockets"""
import json, os
from websockets.sync.client import connect

headers = {"Authorization": f"Bearer {os.environ['CERTSTREAM_TOKEN']}"}
with connect("ws://localhost:8080/domains-only", additional_headers=headers, max_size=None) as stream:
    for text in stream:
        print(*json.loads(text)["data"])
