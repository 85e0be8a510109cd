"""Prints names that imitate three brands, each certificate once. Needs: pip install websockets"""
import json
from urllib.parse import urlencode
from websockets.sync.client import connect

query = urlencode(
    {
        "similar": "delta.com,indigo.com,juniper.net",
        "exclude_domain": "delta.example",
        "unique": 1,
        "enrich": 1,
    }
)
with connect(f"ws://localhost:8080/?{query}", max_size=None) as stream:
    for text in stream:
        certificate = json.loads(text)["data"]["leaf_cert"]
        print(*certificate["registrable_domains"], certificate["issuer"]["O"], *certificate["all_domains"])
