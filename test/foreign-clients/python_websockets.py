"""Reads a stream with the package `websockets`. Arguments: URL, number of messages, context or alone."""
import asyncio, hashlib, sys
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


async def main(url, count, mode):
    offer = ClientPerMessageDeflateFactory(server_no_context_takeover=mode == "alone", client_max_window_bits=True)
    async with connect(url, compression=None, extensions=[offer], max_size=None) as socket:
        print("extensions", socket.response.headers.get("Sec-WebSocket-Extensions", "none"), flush=True)
        for _ in range(count):
            text = await socket.recv()
            print(hashlib.sha256(text.encode()).hexdigest(), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
