"""Prints the names of every certificate. Needs: pip install websockets"""
import json
from websockets.sync.client import connect

with connect("ws://localhost:8080/domains-only", max_size=None) as stream:
    for text in stream:
        print(*json.loads(text)["data"])
