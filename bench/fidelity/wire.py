"""The request and its answer: protocol, signatures, the form of errors, pages in browsers."""

from __future__ import annotations

from bench.fidelity.place import WRONG, Place, Told
from bench.fidelity.probe import behaviour, differ, same, true

BROWSERS_HEADERS = {"cache-control", "content-type", "x-amz-target", "x-amz-user-agent", "authorization", "x-amz-date"}
REQUEST_ID_CHARACTERS = 36


def _expect(told: Told, kind: str, message: str | None = None) -> None:
    found = told.document if told.body.startswith(b"{") else {}
    said = found.get("message", found.get("Message", ""))
    if (told.status, found.get("__type")) != (400, kind) or message not in (None, said):
        differ(f"HTTP {told.status} {found.get('__type', '')} {said}")


@behaviour(
    "A signed InitiateAuth is answered with the five members of AuthenticationResult and empty ChallengeParameters",
    "peers/test_boto3.py::test_a_password_is_exchanged_for_three_tokens",
)
def signed(place: Place) -> None:
    told = place.call("InitiateAuth", place.password_login(place.user()), {})
    same(told.status, 200, "status")
    members = ["AccessToken", "ExpiresIn", "IdToken", "RefreshToken", "TokenType"]
    same(sorted(told.document["AuthenticationResult"]), members, "members")
    same(told.document.get("ChallengeParameters"), {}, "ChallengeParameters")


@behaviour(
    "An unsigned InitiateAuth is answered too", "sandbox/test_errors.py::test_the_answer_is_the_one_in_the_table"
)
def unsigned(place: Place) -> None:
    same(place.call("InitiateAuth", place.password_login(place.user())).status, 200, "status")


@behaviour("An administrator's operation needs a signature", "sandbox/errors.json: signature required and absent")
def unsigned_admin(place: Place) -> None:
    told = place.call("AdminGetUser", {"UserPoolId": place.pool_id, "Username": place.user()})
    _expect(told, "MissingAuthenticationTokenException", "Missing Authentication Token")


def _signed(place: Place, **differently: str | float) -> Told:
    return place.call("AdminGetUser", {"UserPoolId": place.pool_id, "Username": place.user()}, differently)


@behaviour("An unknown AWS key is refused", "sandbox/errors.json: signed, unknown key")
def unknown_key(place: Place) -> None:
    told = _signed(place, access_key_id="AKIAUNKNOWN000000000")
    _expect(told, "UnrecognizedClientException", "The security token included in the request is invalid.")


@behaviour("A signature by a wrong secret is refused", "sandbox/errors.json: signed, wrong secret")
def wrong_secret(place: Place) -> None:
    _expect(_signed(place, secret_access_key=WRONG), "InvalidSignatureException")


@behaviour("A signature for another region is refused", "sandbox/errors.json: signed, wrong region")
def wrong_region(place: Place) -> None:
    told = _signed(place, region="eu-central-2")
    _expect(told, "InvalidSignatureException", "Credential should be scoped to a valid region.")


@behaviour("A signature for another service is refused", "sandbox/errors.json: signed, wrong service")
def wrong_service(place: Place) -> None:
    told = _signed(place, service="cognito-identity")
    _expect(told, "InvalidSignatureException", "Credential should be scoped to correct service: 'cognito-idp'.")


@behaviour("A signature made 30 minutes ago is refused", "sandbox/errors.json: signed, clock 30 minutes behind")
def old_signature(place: Place) -> None:
    _expect(_signed(place, minutes=-30), "InvalidSignatureException")


@behaviour("Without X-Amz-Target the answer is a 400 with an empty body", "sandbox/errors.json: no X-Amz-Target")
def no_target(place: Place) -> None:
    told = place.ask({"Content-Type": "application/x-amz-json-1.1"}, b"{}")
    same((told.status, told.body.strip()), (400, b""), "answer")


@behaviour("With a wrong X-Amz-Target too", "sandbox/errors.json: wrong X-Amz-Target")
def wrong_target(place: Place) -> None:
    told = place.call("NoSuchOperation", {})
    same((told.status, told.body.strip()), (400, b""), "answer")


@behaviour("A body that is not JSON is a SerializationException", "sandbox/errors.json: body that is not JSON")
def no_json(place: Place) -> None:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    }
    _expect(place.ask(headers, b"<no json>"), "SerializationException")


@behaviour(
    "An error is told in the body (bare `__type`, `message`) and in x-amzn-ErrorType (with a colon) and -ErrorMessage",
    "sandbox/test_errors.py::test_the_answer_is_the_one_in_the_table",
)
def error_form(place: Place) -> None:
    told = place.call("InitiateAuth", place.password_login(place.user(), WRONG))
    same((told.status, told.headers.get("content-type")), (400, "application/x-amz-json-1.1"), "status and type")
    same(told.headers.get("x-amzn-errortype"), "NotAuthorizedException:", "x-amzn-ErrorType")
    message = "Incorrect username or password."
    same(told.headers.get("x-amzn-errormessage"), message, "x-amzn-ErrorMessage")
    same(told.document, {"__type": "NotAuthorizedException", "message": message}, "body")


@behaviour(
    "x-amzn-RequestId, 36 characters, stands on answers and on errors",
    "sandbox/test_errors.py::test_the_answer_is_the_one_in_the_table",
)
def request_id(place: Place) -> None:
    username = place.user()
    for password in ({}, {"password": WRONG}):
        told = place.call("InitiateAuth", place.password_login(username, **password))
        found = told.headers.get("x-amzn-requestid", "")
        true(len(found) == REQUEST_ID_CHARACTERS, f"{len(found)} characters with HTTP {told.status}")


@behaviour(
    "A page's preflight allows the six headers that browser clients send",
    "sandbox/http/test_server.py::test_a_browser_may_ask_first_and_is_told_what_it_may_send",
)
def preflight(place: Place) -> None:
    asks = {
        "Origin": "http://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(sorted(BROWSERS_HEADERS)),
    }
    told = place.ask(asks, method="OPTIONS")
    allowed = {name.strip().lower() for name in told.headers.get("access-control-allow-headers", "").split(",")}
    needed = {"authorization"} if "*" in allowed else BROWSERS_HEADERS  # a star does not cover that one
    same(sorted(needed - allowed), [], "not allowed")


@behaviour(
    "Access-Control-Allow-Origin stands on errors too",
    "sandbox/test_errors.py::test_the_answer_is_the_one_in_the_table",
)
def error_in_a_page(place: Place) -> None:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
        "Origin": "http://app.example",
    }
    told = place.ask(headers, b'{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "none", "AuthParameters": {}}')
    true(told.status != 200 and "access-control-allow-origin" in told.headers, "not on an error")


@behaviour("Dates are numbers, seconds since 1970", "peers/test_boto3.py::test_an_administrator_sees_a_user_with_dates")
def dates(place: Place) -> None:
    told = place.call("AdminGetUser", {"UserPoolId": place.pool_id, "Username": place.user()}, {})
    found = told.document.get("UserCreateDate")
    true(isinstance(found, int | float), f"a {type(found).__name__}")
