"""Signatures equal botocore's bit for bit."""

from __future__ import annotations

import string
import time
from urllib.parse import urlsplit

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from harness.cognito.signing import AwsKeys, Signer, canonical_path
from harness.cognito.wire import CONTENT_TYPE, TARGET_PREFIX, USER_AGENT
from harness.errors import ConfigurationError

TARGET = f"{TARGET_PREFIX}InitiateAuth"
NOON_S = 1_760_011_200.0
MIDNIGHT_S = 1_760_054_400
"""A moment at which the date changes, and with it the signing key."""
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = AwsKeys("AKIDEXAMPLE", SECRET)

key_ids = st.text(string.ascii_uppercase + string.digits, min_size=4, max_size=24)
secrets = st.text([chr(code) for code in range(0x21, 0x7F)], min_size=1, max_size=48)
session_tokens = st.text(string.ascii_letters + string.digits + "+/=", max_size=400)
regions = st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1", "local"])
hosts = st.sampled_from(
    ["cognito-idp.eu-central-1.amazonaws.com", "127.0.0.1:8080", "localhost:65535", "[::1]:9229", "cognito.test:8443"]
)
paths = st.lists(st.text(string.ascii_letters + "-._~%20", max_size=6), max_size=4).map(lambda p: "/" + "/".join(p))
moments = st.one_of(
    st.floats(MIDNIGHT_S - 3, MIDNIGHT_S + 3),
    st.floats(0, 4e9),
    st.integers(0, 4_000_000_000),
)


def botocore_headers(keys: AwsKeys, region: str, url: str, target: str, body: bytes, now_s: float) -> dict[str, str]:
    """What botocore adds to the same request at the same moment (its `add_auth`, with the clock given)."""
    auth = SigV4Auth(
        Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token or None), "cognito-idp", region
    )
    request = AWSRequest(
        method="POST",
        url=url,
        data=body,
        headers={
            "Content-Type": CONTENT_TYPE,
            "Host": urlsplit(url).netloc,
            "X-Amz-Target": target,
            "X-Amz-User-Agent": USER_AGENT,
        },
    )
    request.context["timestamp"] = time.strftime(SIGV4_TIMESTAMP, time.gmtime(int(now_s)))
    auth._modify_request_before_signing(request)
    string_to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(string_to_sign, request))
    return {
        name: request.headers[name]
        for name in ("X-Amz-Date", "X-Amz-Security-Token", "Authorization")
        if name in request.headers
    }


def parsed(header_lines: bytes) -> dict[str, str]:
    assert header_lines.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in header_lines.decode().removesuffix("\r\n").split("\r\n"))


@given(
    keys=st.builds(AwsKeys, key_ids, secrets, session_tokens),
    region=regions,
    host=hosts,
    path=paths,
    operations=st.lists(
        st.tuples(st.sampled_from(["InitiateAuth", "RespondToAuthChallenge"]), st.binary(max_size=300), moments),
        min_size=1,
        max_size=5,
    ),
)
@example(
    KEYS, "us-east-1", "127.0.0.1:80", "/", [("InitiateAuth", b"", MIDNIGHT_S - 0.5), ("InitiateAuth", b"", MIDNIGHT_S)]
)
def test_every_header_equals_botocores(keys, region, host, path, operations):
    """One signer over several calls, so that what it remembers between them is put to the test as well."""
    signer = Signer(keys, region=region, host=host, path=path)
    for operation, body, now_s in operations:
        target = TARGET_PREFIX + operation
        expected = botocore_headers(keys, region, f"http://{host}{path}", target, body, now_s)
        assert parsed(signer.sign(target, body, now_s)) == expected


@given(body=st.binary(max_size=5000))
def test_bodies_of_any_size_equal_botocores(body):
    expected = botocore_headers(KEYS, "eu-west-1", "http://cognito.test/", TARGET, body, NOON_S)
    assert parsed(Signer(KEYS, region="eu-west-1", host="cognito.test").sign(TARGET, body, NOON_S)) == expected


def test_the_service_is_part_of_the_signature():
    one = Signer(KEYS, region="eu-west-1", host="cognito.test").sign(TARGET, b"{}", NOON_S)
    other = Signer(KEYS, region="eu-west-1", host="cognito.test", service="cognito-identity").sign(
        TARGET, b"{}", NOON_S
    )
    assert b"/cognito-idp/aws4_request" in one
    assert b"/cognito-identity/aws4_request" in other
    assert one[-66:] != other[-66:]


def test_permanent_keys_send_no_security_token():
    assert b"security-token" not in Signer(KEYS, region="eu-west-1", host="h").sign(TARGET, b"{}", NOON_S).lower()


@given(path=st.text("/.ab%~ é", max_size=12).map("/".__add__))
@example(path="/a/../b//./c/")
def test_paths_are_normalised_like_botocores(path):
    auth = SigV4Auth(Credentials("a", "b"), "cognito-idp", "eu-west-1")
    assert canonical_path(path) == auth._normalize_url_path(path)


def test_an_empty_path_is_the_root():
    assert canonical_path("") == "/"


@pytest.mark.parametrize(
    ("keys", "region", "host", "named"),
    [
        (AwsKeys("", SECRET), "eu-west-1", "h", "access key id"),
        (AwsKeys("AKID\r\nX-Evil: 1", SECRET), "eu-west-1", "h", "access key id"),
        (AwsKeys("AKID", SECRET + "\n"), "eu-west-1", "h", "secret access key"),
        (AwsKeys("AKID", "\udcff"), "eu-west-1", "h", "secret access key"),
        (AwsKeys("AKID", SECRET, "token \u00e9"), "eu-west-1", "h", "session token"),
        (AwsKeys("AKID", SECRET, "token\n"), "eu-west-1", "h", "session token"),
        (KEYS, "", "h", "region"),
        (KEYS, "eu-west-1", "a b", "host"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is_sent(keys, region, host, named):
    with pytest.raises(ConfigurationError, match=named) as refused:
        Signer(keys, region=region, host=host)
    assert "token" not in str(refused.value).replace("session token", "")
    assert SECRET not in str(refused.value)


def test_every_unsendable_value_is_named_at_once():
    with pytest.raises(ConfigurationError) as refused:
        Signer(AwsKeys("", SECRET), region="", host="")
    assert len(refused.value.problems) == 3


def test_secrets_stay_out_of_repr_and_str():
    keys = AwsKeys("AKIDEXAMPLE", SECRET, "c2Vzc2lvbi10b2tlbg")
    for text in (repr(keys), str(keys), repr(Signer(keys, region="eu-west-1", host="h"))):
        assert SECRET not in text
        assert keys.session_token not in text
