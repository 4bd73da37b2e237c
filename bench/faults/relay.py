"""A link between a worker and its master that can be frozen: nothing arrives any more, and nothing says so."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import Final

PIECE: Final = 65_536


class Relay:
    """Passes TCP on, from a free port of 127.0.0.1 to another.

    Args:
        port: Where to.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        threading.Thread(target=self._listen, daemon=True).start()

    def freeze(self) -> None:
        """Let nothing through from now on."""
        self._open.clear()

    def thaw(self) -> None:
        """Let everything through that waits, and whatever comes."""
        self._open.set()

    def close(self) -> None:
        """Take no more connections."""
        self._socket.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with suppress(OSError), peer, socket.create_connection(("127.0.0.1", self._target)) as other:
            while True:
                for ready in select.select([peer, other], [], [])[0]:
                    self._open.wait()
                    received = ready.recv(PIECE)
                    if not received:
                        return
                    (other if ready is peer else peer).sendall(received)
