"""Logins against a canned answer: what a login costs the client, and nothing else."""

from bench.canned import ACCOUNTS, LOGIN_BYTES
from bench.contest import Target, Work
from bench.names import BOTO3, FAST_HTTP, FAST_HTTP_BOTOCORE, JMETER, K6, SIGNED_LOGIN, SUBJECT, UNSIGNED_LOGIN
from bench.works.against_canned import against_canned

SIGNED = Work(
    title="Signed login, client side",
    unit="logins",
    method=(
        f"InitiateAuth with {ACCOUNTS:,} accounts and SigV4, 20 users in one process over kept connections, "
        f"a canned answer of {LOGIN_BYTES:,} bytes, the access token read from it."
    ),
    gather=against_canned(SIGNED_LOGIN),
    targets=(
        Target(SUBJECT, FAST_HTTP_BOTOCORE, at_least=5.0),
        Target(SUBJECT, BOTO3, at_least=10.0),
        Target(SUBJECT, K6, at_least=1.8),
        Target(SUBJECT, JMETER, at_least=8.0),
    ),
)

UNSIGNED = Work(
    title="Unsigned login, client side",
    unit="logins",
    method=(
        f"The same without a signature: 20 users in one process, a canned answer of {LOGIN_BYTES:,} bytes, "
        "the access token read from it."
    ),
    gather=against_canned(UNSIGNED_LOGIN),
    targets=(
        Target(SUBJECT, K6, at_least=1.6),
        Target(SUBJECT, FAST_HTTP, at_least=4.0),
        Target(SUBJECT, JMETER, at_least=3.5),
    ),
)
