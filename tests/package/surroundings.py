"""What stands around the static binary in tests/package/static: a name server that knows one name, and TLS before a cloud.
    surroundings.py NAME CERTIFICATE KEY TLS-PORT CLOUD-PORT
Ends with the namespace that it is in."""
import asyncio
import ssl
import struct
import sys

NAME, CERTIFICATE, KEY = sys.argv[1:4]
TLS_PORT, CLOUD_PORT = map(int, sys.argv[4:6])
HERE = bytes((127, 0, 0, 1))
A, NO_SUCH_NAME = 1, 3


class Names(asyncio.DatagramProtocol):
    """Gives 127.0.0.1 for NAME, nothing for its other types, and knows of no other name."""

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, sender):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12:at + 5]
        (wanted,) = struct.unpack("!H", query[at + 1:at + 3])
        known = ".".join(labels) == NAME
        answer = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, len(HERE)) + HERE if known and wanted == A else b""
        flags = 0x8180 | (0 if known else NO_SUCH_NAME)
        self.transport.sendto(query[:2] + struct.pack("!HHHHH", flags, 1, bool(answer), 0, 0) + question + answer, sender)


async def pass_on(reader, writer):
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def serve(reader, writer):
    there = await asyncio.open_connection("127.0.0.1", CLOUD_PORT)
    await asyncio.gather(pass_on(reader, there[1]), pass_on(there[0], writer), return_exceptions=True)


async def main():
    await asyncio.get_running_loop().create_datagram_endpoint(Names, ("127.0.0.1", 53))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    server = await asyncio.start_server(serve, "127.0.0.1", TLS_PORT, ssl=context)
    await server.serve_forever()


asyncio.run(main())
