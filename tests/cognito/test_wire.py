"""What is sent, and what kind of answer a reply is."""

from __future__ import annotations

import json

import pytest
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from harness.cognito import wire
from harness.cognito.wire import PlainReply, ServiceError, encode, read
from harness.outcome import Outcome


def error(body: bytes, status: int = 400, **headers: str) -> ServiceError:
    reply = PlainReply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
    result = read(reply)
    assert isinstance(result, ServiceError)
    return result


def test_the_target_and_the_content_type_are_the_service_models():
    metadata = Session().get_service_model("cognito-idp").metadata
    assert metadata["targetPrefix"] + "." == wire.TARGET_PREFIX
    assert f"application/x-amz-json-{metadata['jsonVersion']}" == wire.CONTENT_TYPE
    assert metadata["signingName" if "signingName" in metadata else "endpointPrefix"] == wire.SERVICE


@given(parameters=st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers(-(2**63), 2**64 - 1)))
def test_a_calls_body_is_its_parameters(parameters):
    call = encode("InitiateAuth", parameters)
    assert json.loads(call.body) == parameters
    assert call.operation == "InitiateAuth"
    assert call.not_before_s == 0


def test_a_body_is_compact_utf8():
    assert encode("X", {"USERNAME": "Zoë", "b": 1}).body == '{"USERNAME":"Zoë","b":1}'.encode()


def test_a_success_is_its_json_object():
    assert read(PlainReply(200, {}, b'{"AuthenticationResult":{}}')) == {"AuthenticationResult": {}}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"[" * 100_000, b"1" * 5000]
)
def test_a_success_that_is_no_json_object_is_not_cognitos(body):
    assert error(body, 200) == ServiceError(wire.NOT_COGNITO, "the answer is not a JSON object", Outcome.MALFORMED)


@pytest.mark.parametrize(
    ("document", "headers"),
    [
        ({"__type": "NotAuthorizedException", "message": "No."}, {}),
        ({"__type": "com.amazonaws.cognito#NotAuthorizedException", "Message": "No."}, {}),
        ({"__type": "NotAuthorizedException:http://internal.amazon.com/coral#x", "message": "No."}, {}),
        ({"message": "No."}, {"x_amzn_errortype": "NotAuthorizedException:"}),
        ({"message": "No."}, {"x_amzn_errortype": "NotAuthorizedException:http://internal.amazon.com/"}),
    ],
)
def test_the_error_type_is_found_wherever_aws_puts_it(document, headers):
    found = error(json.dumps(document).encode(), **headers)
    assert found == ServiceError("NotAuthorizedException", "No.", Outcome.REJECTED)
    assert str(found) == "NotAuthorizedException: No."


def test_an_error_without_words_is_its_type():
    assert str(error(b"", 403, x_amzn_errortype="ForbiddenException:")) == "ForbiddenException"


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (400, "TooManyRequestsException", Outcome.THROTTLED),
        (400, "LimitExceededException", Outcome.THROTTLED),
        (400, "ThrottlingException", Outcome.THROTTLED),
        (429, "SomeException", Outcome.THROTTLED),
        (500, "InternalErrorException", Outcome.SERVER_ERROR),
        (503, "ServiceUnavailableException", Outcome.SERVER_ERROR),
        (400, "UserNotFoundException", Outcome.REJECTED),
        (403, "ForbiddenException", Outcome.REJECTED),
    ],
)
def test_type_and_status_decide_the_outcome(status, kind, outcome):
    assert error(json.dumps({"__type": kind}).encode(), status).outcome is outcome


@pytest.mark.parametrize("body", [b"", b"  \r\n"])
def test_a_400_with_nothing_in_it_is_a_missing_target(body):
    assert error(body) == ServiceError(wire.MISSING_TARGET, "400 with an empty body", Outcome.REJECTED)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.MALFORMED),
        (302, Outcome.MALFORMED),
        (204, Outcome.MALFORMED),
        (429, Outcome.THROTTLED),
        (500, Outcome.SERVER_ERROR),
        (502, Outcome.SERVER_ERROR),
    ],
)
def test_an_error_without_a_type_is_not_cognitos(status, outcome):
    expected = ServiceError(wire.NOT_COGNITO, f"HTTP {status} without an error type", outcome)
    assert error(b"<html>Bad Gateway</html>", status) == expected


@pytest.mark.parametrize("kind", ["two words", "a\r\nb", "x" * 65, "<html>", 5, ["A"], {"a": 1}])
def test_what_cannot_be_an_error_type_is_none(kind):
    assert error(json.dumps({"__type": kind}).encode()).kind == wire.NOT_COGNITO


@given(
    status=st.integers(100, 599),
    header=st.text(max_size=12),
    body=st.binary(max_size=30)
    | st.dictionaries(st.sampled_from(["__type", "message"]), st.text()).map(lambda d: json.dumps(d).encode()),
)
def test_every_reply_is_an_object_or_an_error(status, header, body):
    assert isinstance(read(PlainReply(status, {"x-amzn-errortype": header}, body)), dict | ServiceError)


def test_bodies_stay_out_of_repr():
    assert "Corr3ct" not in repr(encode("InitiateAuth", {"PASSWORD": "Corr3ct-Horse"}))
    assert "s3cret" not in repr(PlainReply(200, {}, b"s3cret"))
