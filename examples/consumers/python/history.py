"""Prints the names of the first 100 certificates of the last hour, then ends. Needs: pip install websockets"""
import json
from websockets.sync.client import connect

with connect("ws://localhost:8080/domains-only?since=-1h&limit=100", max_size=None) as stream:
    for text in stream:
        print(*json.loads(text)["data"])
