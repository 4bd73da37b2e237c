import datetime as dt
import ssl
import time

import gevent
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from harness.errors import ConfigurationError
from harness.transport import tls_context
from harness.transport.link import Link
from harness.transport.tls import TlsLink
from tests.transport.conftest import OK, REQUEST, answering, silent


def test_context_verifies_certificate_and_host_name():
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_bundle_is_trusted_instead_of_the_platforms_authorities(authority):
    assert len(tls_context(authority.bundle).get_ca_certs()) == 1


def test_openssls_own_variable_is_honoured(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", authority.bundle)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    subjects = [certificate["subject"] for certificate in tls_context().get_ca_certs()]
    assert tls_context(authority.bundle).get_ca_certs()[0]["subject"] in subjects


def test_platform_without_authorities_gets_certifis(monkeypatch, tmp_path):
    """Slim images, and Python from python.org on macOS before its certificates are installed."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    nowhere = ssl.DefaultVerifyPaths(None, str(tmp_path), "", "", "", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    assert len(tls_context().get_ca_certs()) > 50


@pytest.mark.parametrize("variable", [True, False], ids=["SSL_CERT_FILE", "--cognito-ca-bundle"])
@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: path.write_text("no certificate"), "holds no usable certificate"),
        (lambda path: path.write_text(""), "holds no usable certificate"),
    ],
)
def test_bad_bundle_is_a_configuration_fault_that_names_it(tmp_path, monkeypatch, variable, make, found):
    path = tmp_path / "ca.pem"
    make(path)
    if variable:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(ConfigurationError) as caught:
        tls_context("" if variable else str(path))
    assert str(path) in str(caught.value)
    assert found in str(caught.value)
    assert ("SSL_CERT_FILE" if variable else "--cognito-ca-bundle") in caught.value.problems[0].hint


def test_bundle_that_may_not_be_read(tmp_path, monkeypatch, authority):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ssl, "create_default_context", refuse)  # root, as in a container, may read everything
    with pytest.raises(ConfigurationError, match="cannot be read: Permission denied"):
        tls_context(authority.bundle)


def test_bundle_of_revocations_only_holds_no_certificate(tmp_path):
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    )
    revocations = builder.last_update(now).next_update(now + dt.timedelta(days=1))
    path = tmp_path / "crl.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(revocations.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    with pytest.raises(ConfigurationError, match="holds no certificate"):
        tls_context(str(path))


class TestIdleLink:
    """What may come over TLS while nobody asks."""

    def link_to(self, server, authority):
        link = TlsLink(Link.connect("127.0.0.1", server.port, 5), authority.trust, "127.0.0.1")
        link.handshake()
        return link

    def test_session_tickets_are_no_fault(self, serve, authority):
        """TLS 1.3 servers send them right after the handshake."""
        link = self.link_to(serve(answering(OK), authority.server_context("127.0.0.1")), authority)
        gevent.sleep(0.02)
        assert not link.is_stale()
        link.send(REQUEST)
        assert link.receive(time.perf_counter_ns()) == OK
        assert not link.is_stale()
        link.close()

    def test_goodbye_makes_it_stale(self, serve, authority):
        server = serve(silent, authority.server_context("127.0.0.1"))
        link = self.link_to(server, authority)
        gevent.sleep(0.02)
        farewell = gevent.spawn(server.sockets[0].unwrap)
        gevent.sleep(0.02)
        assert link.is_stale()
        farewell.kill()
        link.close()

    def test_garbage_makes_it_stale(self, serve, authority):
        server = serve(silent, authority.server_context("127.0.0.1"))
        link = self.link_to(server, authority)
        gevent.sleep(0.02)
        server.sockets[0]._sock.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        assert link.is_stale()
        link.close()
