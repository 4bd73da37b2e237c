"""What Cognito refuses, and in which words."""

from __future__ import annotations

from bench.fidelity.place import NEW_PASSWORD, PASSWORD, WRONG, Place
from bench.fidelity.probe import behaviour, refused, told_by_tests

NOT_AUTHORIZED, INVALID = "NotAuthorizedException", "InvalidParameterException"
INCORRECT = "Incorrect username or password."
CASES = "sandbox/errors.json: "
FAILURES_BEFORE_LOCK = 5


@behaviour("A wrong password", f"{CASES}bad password")
def wrong_password(place: Place) -> None:
    refused(NOT_AUTHORIZED, INCORRECT, place.log_in, username=place.user(), password=WRONG)


@behaviour("An unknown user, where the client tells (LEGACY)", f"{CASES}unknown user, legacy")
def unknown_user(place: Place) -> None:
    app = place.client(PreventUserExistenceErrors="LEGACY")
    refused("UserNotFoundException", "User does not exist.", place.log_in, username="nobody@example.com", app=app)


@behaviour("An unknown user, where the client hides it (ENABLED)", f"{CASES}unknown user, existence hidden")
def hidden_user(place: Place) -> None:
    app = place.client(PreventUserExistenceErrors="ENABLED")
    refused(NOT_AUTHORIZED, INCORRECT, place.log_in, username="nobody@example.com", app=app)


@behaviour(
    "An unknown user, hidden, by SRP: a challenge with the same salt each time, refused at the second step",
    "sandbox/test_flows.py::test_an_unknown_user_is_named_or_hidden",
)
def hidden_user_by_srp(place: Place) -> None:
    app = place.client(PreventUserExistenceErrors="ENABLED")
    peer = place.srp("nobody@example.com", app=app)
    one, other = (place.start("USER_SRP_AUTH", app, **peer.get_auth_params()) for _ in range(2))
    if one["ChallengeParameters"]["SALT"] != other["ChallengeParameters"]["SALT"]:
        raise ValueError("another salt")
    answer = peer.process_challenge(one["ChallengeParameters"], peer.get_auth_params())
    refused(NOT_AUTHORIZED, INCORRECT, place.respond, challenge=one, app=app, **answer)


@behaviour("After five wrong passwords the right one is refused, too (lockout)", f"{CASES}locked out")
def lockout(place: Place) -> None:
    username = place.user()
    for _ in range(FAILURES_BEFORE_LOCK):
        refused(NOT_AUTHORIZED, None, place.log_in, username=username, password=WRONG)
    refused(NOT_AUTHORIZED, "Password attempts exceeded", place.log_in, username=username)


lockout_grows = told_by_tests(
    "The lock doubles with each failure, up to 15 minutes; attempts meanwhile do not extend it",
    "sandbox/test_lockout.py::test_each_failure_from_the_fifth_doubles_the_lock_up_to_15_minutes",
)


@behaviour("A disabled user", f"{CASES}disabled")
def disabled(place: Place) -> None:
    username = place.user()
    place.aws.admin_disable_user(UserPoolId=place.pool_id, Username=username)
    refused(NOT_AUTHORIZED, "User is disabled.", place.log_in, username=username)


@behaviour("A disabled user's wrong password, hidden", f"{CASES}disabled, wrong password, existence hidden")
def disabled_and_hidden(place: Place) -> None:
    username, app = place.user(), place.client(PreventUserExistenceErrors="ENABLED")
    place.aws.admin_disable_user(UserPoolId=place.pool_id, Username=username)
    refused(NOT_AUTHORIZED, INCORRECT, place.log_in, username=username, password=WRONG, app=app)


@behaviour("A user who was never confirmed", f"{CASES}not confirmed")
def unconfirmed(place: Place) -> None:
    username = f"signed-up-{place.user()}"
    place.aws.sign_up(ClientId=place.app.id, Username=username, Password=PASSWORD)
    refused("UserNotConfirmedException", "User is not confirmed.", place.log_in, username=username)


@behaviour("A user whose password an administrator reset", f"{CASES}reset needed")
def reset(place: Place) -> None:
    username = place.user()
    values = {"Name": "email_verified", "Value": "true"}
    place.aws.admin_update_user_attributes(UserPoolId=place.pool_id, Username=username, UserAttributes=[values])
    place.aws.admin_reset_user_password(UserPoolId=place.pool_id, Username=username)
    kind, message = "PasswordResetRequiredException", "Password reset required for the user"
    refused(kind, message, place.log_in, username=username)


temporary = told_by_tests("A temporary password after its days", f"{CASES}temporary password expired")


@behaviour("An unknown app client", f"{CASES}unknown client")
def unknown_client(place: Place) -> None:
    refused(
        "ResourceNotFoundException",
        "User pool client nosuchclient does not exist.",
        place.aws.initiate_auth,
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId="nosuchclient",
        AuthParameters={"USERNAME": place.user(), "PASSWORD": PASSWORD},
    )


@behaviour("USER_PASSWORD_AUTH at a client without it", f"{CASES}password flow off")
def password_flow_off(place: Place) -> None:
    app = place.client("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    message = "USER_PASSWORD_AUTH flow not enabled for this client"
    refused(INVALID, message, place.log_in, username=place.user(), app=app)


@behaviour("USER_SRP_AUTH at a client without it", f"{CASES}SRP flow off")
def srp_flow_off(place: Place) -> None:
    app = place.client("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    values = {"USERNAME": place.user(), "SRP_A": "2" * 64}
    refused(
        INVALID, "USER_SRP_AUTH is not enabled for the client.", place.start, flow="USER_SRP_AUTH", app=app, **values
    )


@behaviour("ADMIN_USER_PASSWORD_AUTH at a client without it", f"{CASES}admin flow off")
def admin_flow_off(place: Place) -> None:
    app = place.client("ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    refused(
        INVALID,
        "Auth flow not enabled for this client",
        place.aws.admin_initiate_auth,
        UserPoolId=place.pool_id,
        ClientId=app.id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": place.user(), "PASSWORD": PASSWORD},
    )


@behaviour("The administrator's flow by InitiateAuth", f"{CASES}admin flow on InitiateAuth")
def admin_flow_in_public(place: Place) -> None:
    values = {"USERNAME": place.user(), "PASSWORD": PASSWORD}
    message = "Initiate Auth method not supported."
    refused(INVALID, message, place.start, flow="ADMIN_USER_PASSWORD_AUTH", **values)


@behaviour("A login without USERNAME", f"{CASES}user name missing")
def no_username(place: Place) -> None:
    message = "Missing required parameter USERNAME"
    refused(INVALID, message, place.start, flow="USER_PASSWORD_AUTH", PASSWORD=PASSWORD)


@behaviour("A login without PASSWORD", f"{CASES}password missing")
def no_password(place: Place) -> None:
    message = "Missing required parameter PASSWORD"
    refused(INVALID, message, place.start, flow="USER_PASSWORD_AUTH", USERNAME=place.user())


@behaviour("No SECRET_HASH at a client with a secret", f"{CASES}secret hash absent")
def no_secret_hash(place: Place) -> None:
    app = place.client(GenerateSecret=True)
    values = {"USERNAME": place.user(), "PASSWORD": PASSWORD}
    refused(
        NOT_AUTHORIZED,
        f"Client {app.id} is configured with secret but SECRET_HASH was not received",
        place.aws.initiate_auth,
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=app.id,
        AuthParameters=values,
    )


@behaviour("A wrong SECRET_HASH", f"{CASES}secret hash wrong")
def wrong_secret_hash(place: Place) -> None:
    app = place.client(GenerateSecret=True)
    values = {"USERNAME": place.user(), "PASSWORD": PASSWORD, "SECRET_HASH": "AAAA"}
    message = f"Unable to verify secret hash for client {app.id}"
    refused(NOT_AUTHORIZED, message, place.start, flow="USER_PASSWORD_AUTH", app=app, **values)


@behaviour("A made-up refresh token", f"{CASES}refresh token bad")
def made_up_refresh_token(place: Place) -> None:
    refused(NOT_AUTHORIZED, "Invalid Refresh Token.", place.start, flow="REFRESH_TOKEN_AUTH", REFRESH_TOKEN="made-up")


@behaviour("A refresh token after RevokeToken", f"{CASES}refresh token revoked")
def revoked_refresh_token(place: Place) -> None:
    token = place.tokens(place.user())["RefreshToken"]
    place.aws.revoke_token(Token=token, ClientId=place.app.id)
    message = "Refresh Token has been revoked"
    refused(NOT_AUTHORIZED, message, place.start, flow="REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)


@behaviour("An access token after GlobalSignOut", f"{CASES}access token revoked")
def revoked_access_token(place: Place) -> None:
    token = place.tokens(place.user())["AccessToken"]
    place.aws.global_sign_out(AccessToken=token)
    refused(NOT_AUTHORIZED, "Access Token has been revoked", place.aws.get_user, AccessToken=token)


@behaviour("A challenge's made-up session", f"{CASES}challenge session unknown")
def made_up_session(place: Place) -> None:
    username = place.user(is_permanent=False)
    challenge = {**place.log_in(username), "Session": "made-up" * 10}
    message = "Invalid session for the user, session is expired."
    answer = {"USERNAME": username, "NEW_PASSWORD": NEW_PASSWORD}
    refused(NOT_AUTHORIZED, message, place.respond, challenge=challenge, **answer)


@behaviour("A session that was used", f"{CASES}challenge session used twice")
def used_session(place: Place) -> None:
    username = place.user(is_permanent=False)
    challenge, answer = place.log_in(username), {"USERNAME": username, "NEW_PASSWORD": NEW_PASSWORD}
    place.respond(challenge, **answer)
    message = "Invalid session for the user, session can only be used once."
    refused(NOT_AUTHORIZED, message, place.respond, challenge=challenge, **answer)


@behaviour("A new password that breaks the policy", f"{CASES}new password too weak")
def weak_password(place: Place) -> None:
    username = place.user(is_permanent=False)
    answer = {"USERNAME": username, "NEW_PASSWORD": "weak"}
    refused("InvalidPasswordException", None, place.respond, challenge=place.log_in(username), **answer)


expired_refresh_token = told_by_tests("A refresh token after its days", f"{CASES}refresh token expired")
expired_access_token = told_by_tests("An access token after its time", f"{CASES}access token expired")
expired_session = told_by_tests(
    "A session after three minutes (or the client's own)", f"{CASES}challenge session expired"
)
throttled = told_by_tests("A used-up quota: TooManyRequestsException, Rate exceeded", f"{CASES}throttled")
allowance = told_by_tests(
    "RespondToAuthChallenge's allowance is three times UserAuthentication's, and what exceeds it counts there",
    "sandbox/test_quota.py::test_challenge_answers_have_three_times_as_much_and_then_draw_on_sign_ins",
)
firewall = told_by_tests("A web ACL's block: 403 ForbiddenException", f"{CASES}firewall")
fault = told_by_tests("The service's own fault: 500 InternalErrorException", f"{CASES}server fault")
unavailable = told_by_tests("503 ServiceUnavailableException", f"{CASES}service unavailable")
