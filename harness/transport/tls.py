"""Whom to trust, and TLS over a link."""

from __future__ import annotations

import os
import ssl
import stat
import time
from pathlib import Path
from typing import Final

import certifi

from harness.errors import ConfigurationError, ConnectError, Problem
from harness.transport.link import NEVER_NS, Link

CHUNK_BYTES: Final = 16384
"""The longest record, which is what one read gives; to reserve more leaves holes in the heap."""


def tls_context(ca_bundle: str = "") -> ssl.SSLContext:
    """A context that verifies certificate and host name, to be shared by every connection of the process.

    Loading the authorities costs about 20 ms; a context per user would put that into the user's first request.
    Without `ca_bundle` the platform's authorities are trusted, as OpenSSL finds them: `SSL_CERT_FILE` and
    `SSL_CERT_DIR` where they are set, else the directories it was built with, which is where a company puts its own
    authority. Where the platform has none (a slim image, Python from python.org on macOS), certifi's take their place.

    Args:
        ca_bundle: A file of PEM certificates that are trusted instead of the platform's; empty for the platform's.

    Raises:
        ConfigurationError: The bundle cannot be read, or holds no certificate.
    """
    if ca_bundle:
        return _context(ca_bundle, "--cognito-ca-bundle")
    if os.environ.get("SSL_CERT_FILE"):
        # OpenSSL ignores a file that it cannot read; every connection would then fail for a reason nobody sees.
        _context(os.environ["SSL_CERT_FILE"], "SSL_CERT_FILE")
    return ssl.create_default_context(cafile=None if _platform_has_authorities() else certifi.where())


def _context(path: str, name: str) -> ssl.SSLContext:
    hint = f"Set {name} to a file of certificates in PEM format."
    try:
        if not stat.S_ISREG(mode := Path(path).stat().st_mode):
            found = "is a directory" if stat.S_ISDIR(mode) else "is a pipe or a device"
            raise ConfigurationError([Problem(f"{name} {path} {found}: expected a file", hint)])
        context = ssl.create_default_context(cafile=path)
    except FileNotFoundError as error:
        raise ConfigurationError([Problem(f"{name} {path} does not exist: expected a file", hint)]) from error
    except ssl.SSLError as error:
        raise ConfigurationError([Problem(f"{name} {path} holds no usable certificate", hint)]) from error
    except OSError as error:
        raise ConfigurationError([Problem(f"{name} {path} cannot be read: {error.strerror}", hint)]) from error
    if not context.cert_store_stats()["x509"]:
        raise ConfigurationError([Problem(f"{name} {path} holds no certificate", hint)])
    return context


def _platform_has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (bool(paths.capath) and any(Path(paths.capath).iterdir()))


class TlsLink:
    """TLS over a link, with the same four verbs.

    OpenSSL works on memory rather than on the socket: one recv takes a whole answer, where OpenSSL itself asks the
    socket twice for each record, and the waiting stays in one place.
    """

    __slots__ = ("_incoming", "_link", "_outgoing", "_tls")

    def __init__(self, link: Link, context: ssl.SSLContext, host: str) -> None:
        self._link = link
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    @property
    def received_ns(self) -> int:
        """As `Link.received_ns`."""
        return self._link.received_ns

    @property
    def unread_ns(self) -> int:
        """As `Link.unread_ns`."""
        return self._link.unread_ns

    def handshake(self) -> None:
        """Agree on keys and verify the certificate.

        Raises:
            ConnectError: Closed in the middle.
            ssl.SSLError: Not trusted, or no TLS at the other end.
            OSError: Reset, timed out.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._link.receive(time.perf_counter_ns())
                if not data:
                    raise ConnectError(
                        "closed during the TLS handshake", "Does the server speak TLS on this port?"
                    ) from None
                self._incoming.write(data)
            except ssl.SSLError:
                self._flush()  # the alert that tells the server why
                raise
            else:
                self._flush()
                return

    def is_stale(self) -> bool:
        """As `Link.is_stale`; session tickets that came while idle are taken in and are no fault."""
        while self._link.is_stale():
            data = self._link.receive_now()
            if not data:
                return True
            self._incoming.write(data)
            try:
                if self._decrypt() is not None:
                    return True
            except ssl.SSLError:
                return True
        return False

    def send(self, data: bytes, until_ns: int = NEVER_NS) -> None:
        """As `Link.send`."""
        self._tls.write(data)
        self._flush(until_ns)

    def receive(self, since_ns: int, until_ns: int = NEVER_NS) -> bytes:
        """As `Link.receive`."""
        while True:
            data = self._link.receive(since_ns, until_ns)
            if not data:
                return b""
            self._incoming.write(data)
            plain = self._decrypt()
            if plain is not None:
                return plain

    def close(self) -> None:
        """As `Link.close`: without a farewell, as clients do."""
        self._link.close()

    def _flush(self, until_ns: int = NEVER_NS) -> None:
        data = self._outgoing.read()
        if data:
            self._link.send(data, until_ns)

    def _decrypt(self) -> bytes | None:
        """All that can be read: b"" when the peer said that it closes, None when not even one record is whole."""
        incoming, tls = self._incoming, self._tls
        try:
            plain = tls.read(CHUNK_BYTES)
        except ssl.SSLWantReadError:
            return None
        if not incoming.pending or not plain:
            return plain
        records = [plain]
        while plain and incoming.pending:
            try:
                plain = tls.read(CHUNK_BYTES)
            except ssl.SSLWantReadError:
                break
            records.append(plain)
        return b"".join(records)
