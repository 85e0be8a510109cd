"""Reads a stream with the package `aiohttp`, which has no option for the context. Arguments: URL, number of messages."""
import asyncio, hashlib, sys
import aiohttp


async def main(url, count):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, compress=15, max_msg_size=0) as socket:
            answer = socket._response.headers.get("Sec-WebSocket-Extensions", "none")
            print("extensions", answer, flush=True)
            for _ in range(count):
                text = await socket.receive_str()
                print(hashlib.sha256(text.encode()).hexdigest(), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
