"""A certificate authority of the sandbox's own, and one server certificate by it."""

from __future__ import annotations

import datetime as dt
import os
import ssl as stdlib_ssl
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from gevent import ssl

from harness.sandbox.argument_types import LOOPBACK

LIFE = dt.timedelta(days=7)
CA_FILE = "sandbox-ca.pem"
_SERVER_FILE = "sandbox-server.pem"


def server_context(directory: Path, host: str) -> tuple[stdlib_ssl.SSLContext, Path]:
    """A server's TLS context for its host, and the file with the CA that clients have to trust.

    Args:
        directory: Gets the CA's certificate; the server's key is there only while it is loaded.
        host: An address or name that the certificate is for, besides 127.0.0.1 and localhost.
    """
    now = dt.datetime.now(dt.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cognito-load sandbox CA")])
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key(), ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_ca=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cognito-load sandbox")])
    names = x509.SubjectAlternativeName([_name(each) for each in dict.fromkeys(("localhost", LOOPBACK, host))])
    certificate = (
        _builder(name, ca_name, key.public_key(), ca_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    ca_file = directory / CA_FILE
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    ca_file.chmod(0o644)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _context(directory / _SERVER_FILE, private + certificate.public_bytes(Encoding.PEM)), ca_file


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _context(pem_file: Path, pem: bytes) -> stdlib_ssl.SSLContext:
    context: stdlib_ssl.SSLContext = ssl.SSLContext(stdlib_ssl.PROTOCOL_TLS_SERVER)
    with os.fdopen(os.open(pem_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    context.load_cert_chain(pem_file)
    pem_file.unlink()
    return context
