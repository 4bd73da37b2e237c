"""The signature check without a socket: what arrives malformed, and what exactly is compared."""

from __future__ import annotations

import time
from itertools import permutations

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from harness.sandbox.checks.signature import AccessKey, SignatureCheck
from harness.sandbox.errors import InvalidSignature, Refusal
from harness.sandbox.http.exchange import Received

KEY = AccessKey("AKIASAMPLE", "sample-secret")
TEMPORARY = AccessKey("ASIASAMPLE", "sample-secret", "sample-session-token")
BODY = b'{"AuthFlow":"USER_PASSWORD_AUTH"}'


def check(received, now_s=None):
    now_s = time.time() if now_s is None else now_s
    SignatureCheck("us-east-1", [KEY, TEMPORARY], lambda: now_s).check(received)


def received(headers, body=BODY):
    return Received("POST", "/", "", headers, body)


def signed(key=KEY, body=BODY, **more):
    """A request as botocore signs it, headers in lower case as the server hands them on."""
    headers = {"host": "127.0.0.1:8000", "content-type": "application/x-amz-json-1.1", **more}
    request = AWSRequest("POST", "http://127.0.0.1:8000/", headers=headers, data=body)
    credentials = Credentials(key.access_key_id, key.secret_access_key, key.session_token)
    botocore.auth.SigV4Auth(credentials, "cognito-idp", "us-east-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def refused(headers, body=BODY, now_s=None):
    with pytest.raises(Refusal) as refusal:
        check(received(headers, body), now_s)
    return refusal.value.kind.removesuffix("Exception"), refusal.value.message


@given(body=st.binary(max_size=200), value=st.text("abc  é,;=", max_size=20))
def test_what_botocore_signs_is_accepted(body, value):
    check(received(signed(body=body, **{"x-amz-user-agent": f"agent {value}".strip()}), body))


def test_temporary_keys_come_with_their_session_token():
    check(received(signed(TEMPORARY)))
    headers = signed(TEMPORARY)
    del headers["x-amz-security-token"]
    assert refused(headers)[0] == "UnrecognizedClient"


@pytest.mark.parametrize("part", ["body", "host", "content-type", "x-amz-target"])
def test_one_changed_character_is_a_wrong_signature(part):
    headers = signed(**{"x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth"})
    body = BODY
    if part == "body":
        body += b" "
    else:
        headers[part] += "x"
    assert refused(headers, body)[0] == "InvalidSignature"


def test_a_claimed_hash_of_the_body_counts_for_nothing():
    """X-Amz-Content-SHA256 is signed as a header, but the body that came is hashed."""
    headers = signed(**{"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    assert refused(headers, b"another body")[0] == "InvalidSignature"


def test_a_signature_without_the_host_is_refused():
    headers = signed()
    headers["authorization"] = headers["authorization"].replace("host;", "")
    assert refused(headers) == (
        "InvalidSignature",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    )


def test_a_signed_header_that_did_not_arrive_is_a_wrong_signature():
    headers = signed(**{"x-amz-target": "t"})
    del headers["x-amz-target"]
    assert refused(headers)[0] == "InvalidSignature"


@pytest.mark.parametrize(("offset_s", "text"), [(901, "Signature expired: "), (-901, "Signature not yet current: ")])
def test_a_clock_more_than_15_minutes_off_is_refused(offset_s, text):
    kind, message = refused(signed(), now_s=time.time() + offset_s)
    assert kind == "InvalidSignature"
    assert message.startswith(text)
    assert message.endswith("15 min.)")


@pytest.mark.parametrize("offset_s", [-890, 890])
def test_a_clock_less_than_15_minutes_off_is_good_enough(offset_s):
    check(received(signed()), now_s=time.time() + offset_s)


@pytest.mark.parametrize(
    ("authorization", "kind"),
    [
        ("AWS4-HMAC-SHA256", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "IncompleteSignature"),
        ("AWS4-HMAC-SHA512 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=AKIASAMPLE, SignedHeaders=host, Signature=0", "IncompleteSignature"),
        (
            "AWS4-HMAC-SHA256 Credential=AKIASAMPLE/1/us-east-1/s/t, SignedHeaders=host, Signature=",
            "IncompleteSignature",
        ),
        ("AWS4-HMAC-SHA256 SignedHeaders=host;Signature=0, Credential=AKIASAMPLE/1/r/s/t", "IncompleteSignature"),
        ("AWS4-HMAC-SHA256 Credential=AKIASAMPLE/1/us-east-1/s/t, SignedHeaders=host, Signature=0", "InvalidSignature"),
        ("Bearer some.token.here", "MissingAuthenticationToken"),
        ("", "MissingAuthenticationToken"),
    ],
)
def test_an_authorization_that_is_no_whole_signature_says_what_is_missing(authorization, kind):
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    assert refused({"host": "h", "x-amz-date": stamp, "authorization": authorization})[0] == kind


def test_the_parts_of_a_signature_may_come_in_any_order():
    headers = signed()
    algorithm, _, rest = headers["authorization"].partition(" ")
    for parts in permutations(part.strip() for part in rest.split(",")):
        check(received(headers | {"authorization": f"{algorithm} {', '.join(parts)}"}))


def test_a_signature_of_a_head_that_was_seen_before_is_checked_anew():
    """What botocore makes of a head is remembered; another body or another signature is refused all the same."""
    headers, checks = signed(), SignatureCheck("us-east-1", [KEY], time.time)
    last = headers["authorization"][-1]
    other = headers["authorization"][:-1] + ("0" if last != "0" else "1")
    for _ in range(2):
        checks.check(received(headers))
        for wrong in (received(headers, b"another body"), received(headers | {"authorization": other})):
            with pytest.raises(InvalidSignature):
                checks.check(wrong)


@pytest.mark.parametrize("stamp", [None, "20251340T000000Z", "yesterday", "2025-01-01T00:00:00Z"])
def test_a_missing_or_impossible_date_is_an_incomplete_signature(stamp):
    headers = signed() | {"x-amz-date": stamp}
    headers = {name: value for name, value in headers.items() if value is not None}
    assert refused(headers)[0] == "IncompleteSignature"


def test_the_scope_has_to_be_of_the_day_of_the_signature():
    headers = signed()
    day = headers["x-amz-date"][:8]
    headers["authorization"] = headers["authorization"].replace(f"/{day}/", "/20010101/")
    kind, message = refused(headers)
    assert kind == "InvalidSignature"
    assert f"'20010101' != '{day}'" in message


def test_keys_do_not_show_their_secrets():
    assert "sample-se" not in repr(TEMPORARY)
