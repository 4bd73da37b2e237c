"""Calls the API over many kept connections in turn, few of them at a time, and counts in a file.

python drive_api.py ENDPOINT TOKEN_FILE CONNECTIONS COUNTER

Needs nothing but the standard library: with a client that costs less than the server, the server is what is measured.
"""

import mmap
import selectors
import socket
import sys
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

AT_ONCE = 20
"""Requests in flight."""
endpoint, token_file, connections, counter = sys.argv[1:]
address = urlsplit(endpoint)
token = Path(token_file).read_text(encoding="ascii")
request = f"GET /orders HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
idle = deque(socket.create_connection((address.hostname, address.port)) for _ in range(int(connections)))
poll = selectors.DefaultSelector()
for each in idle:
    poll.register(each, selectors.EVENT_READ)


def send_next() -> None:
    """The connection that has rested longest carries the next request."""
    idle.popleft().sendall(request)


with Path(counter).open("r+b") as file:
    page = mmap.mmap(file.fileno(), 8)
for _ in range(AT_ONCE):
    send_next()
done, begun = 0, {}
while True:
    for key, _ in poll.select():
        answer = begun.pop(key.fileobj, b"") + key.fileobj.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert not head or head.startswith(b"HTTP/1.1 200"), head
        if not body.endswith(b"]}"):
            assert answer, "the server closed a connection"
            begun[key.fileobj] = answer
            continue
        done += 1
        page[:] = done.to_bytes(8, "little")
        idle.append(key.fileobj)
        send_next()
