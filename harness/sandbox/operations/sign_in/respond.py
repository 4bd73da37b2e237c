"""RespondToAuthChallenge: the next step of a conversation, by the challenge that is answered."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from harness.sandbox.errors import (
    CodeMismatch,
    ExpiredCode,
    InvalidParameter,
    NotAuthorized,
    ResourceNotFound,
    UnsupportedOperation,
)
from harness.sandbox.operations.parameters import Answer, Parameters, check_secret_hash, required
from harness.sandbox.operations.sign_in.first_factor import WRONG_PASSWORD, FirstFactor
from harness.sandbox.operations.sign_in.next_step import (
    CUSTOM_CHALLENGE,
    DEVICE_PASSWORD_VERIFIER,
    DEVICE_SRP_AUTH,
    MFA_SETUP,
    NEW_PASSWORD_REQUIRED,
    PASSWORD_VERIFIER,
    SELECT_CHALLENGE,
    SELECT_MFA_TYPE,
    SOFTWARE_TOKEN_MFA,
    Steps,
)
from harness.sandbox.state import srp
from harness.sandbox.state.pool import Client, Directory, Pool
from harness.sandbox.state.session import Session, Sessions
from harness.sandbox.state.user import User, UserStatus

ATTRIBUTE_PREFIX = "userAttributes."
"""How an answer to NEW_PASSWORD_REQUIRED names an attribute that it sets."""
SECRET_BLOCK = "PASSWORD_CLAIM_SECRET_BLOCK"  # noqa: S105  # the name of a parameter
WRONG_CODE = "Invalid code received for user"

_TIMESTAMP = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [1-9]\d? \d{2}:\d{2}:\d{2} [A-Z]{3} \d{4}", re.ASCII)
BAD_TIMESTAMP = "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english."


@dataclass(frozen=True, slots=True)
class Step:
    """One answer, and the conversation that it belongs to."""

    pool: Pool
    client: Client
    user: User
    session: Session
    token: str
    responses: Mapping[str, str]

    @property
    def device_key(self) -> str:
        """The device that the sign-in says it comes from, in this answer or before."""
        return self.responses.get("DEVICE_KEY") or self.session.device_key


class Challenges:
    """What is done with answers."""

    def __init__(self, directory: Directory, sessions: Sessions, steps: Steps, first_factor: FirstFactor) -> None:
        self._directory = directory
        self._sessions = sessions
        self._steps = steps
        self._first_factor = first_factor
        self._handlers: Mapping[str, Callable[[Step], Answer]] = {
            PASSWORD_VERIFIER: self._proof,
            DEVICE_SRP_AUTH: self._device_srp,
            DEVICE_PASSWORD_VERIFIER: self._device_proof,
            NEW_PASSWORD_REQUIRED: self._new_password,
            SOFTWARE_TOKEN_MFA: self._software_token,
            SELECT_MFA_TYPE: self._mfa_type,
            MFA_SETUP: self._mfa_setup,
            SELECT_CHALLENGE: self._choice,
            CUSTOM_CHALLENGE: self._custom,
            "PASSWORD": self._password,
            "PASSWORD_SRP": self._srp,
            **dict.fromkeys(("EMAIL_OTP", "SMS_OTP", "SMS_MFA"), self._code),
        }

    def respond_to_auth_challenge(self, parameters: Parameters) -> Answer:
        """RespondToAuthChallenge."""
        client = self._directory.client(parameters["ClientId"])
        challenge, responses = parameters["ChallengeName"], parameters.get("ChallengeResponses") or {}
        handler = self._handlers.get(challenge)
        if handler is None:
            raise UnsupportedOperation(f"This sandbox does not issue the challenge {challenge}.")
        username = required(responses, "USERNAME")
        if challenge in (PASSWORD_VERIFIER, DEVICE_PASSWORD_VERIFIER):
            token = required(responses, SECRET_BLOCK)
        elif challenge == DEVICE_SRP_AUTH and not parameters.get("Session"):
            owner = self._directory.pool(client.pool_id).user(username)
            token = owner.device(required(responses, "DEVICE_KEY")).waiting
        else:
            token = required(parameters, "Session")
        check_secret_hash(client, username, responses.get("SECRET_HASH"))
        session = self._sessions.find(token, challenge, client.id)
        pool = self._directory.pool(session.pool_id)
        user = pool.find(session.username)
        if user is None and challenge == PASSWORD_VERIFIER:
            self._sessions.close(token)
            raise NotAuthorized(WRONG_PASSWORD)
        if user is None or pool.find(username) is not user:
            raise NotAuthorized("Invalid session for the user.")
        return handler(Step(pool, client, user, session, token, responses))

    def admin_respond_to_auth_challenge(self, parameters: Parameters) -> Answer:
        """AdminRespondToAuthChallenge: the same with AWS credentials."""
        pool = self._directory.pool(parameters["UserPoolId"])
        client = self._directory.client(parameters["ClientId"])
        if client.pool_id != pool.id:
            raise ResourceNotFound(f"User pool client {client.id} does not exist.")
        return self.respond_to_auth_challenge(parameters)

    def _proof(self, step: Step) -> Answer:
        is_right = self._claim(step)
        self._first_factor.check(step.client, step.user, is_right)
        return self._steps.after_password(step.pool, step.client, step.user, step.device_key)

    def _device_srp(self, step: Step) -> Answer:
        public = srp.read_public(required(step.responses, "SRP_A"))
        device = step.user.device(required(step.responses, "DEVICE_KEY"))
        if public is None:
            raise InvalidParameter("Invalid SRP_A value.")
        self._sessions.close(step.token)
        if device.enrolment is None or device.key != step.session.device_key:
            raise NotAuthorized(WRONG_PASSWORD)
        attempt = srp.begin(device.group_key + device.key, public, device.enrolment, self._directory.chance)
        return self._steps.ask_device_for_proof(step.pool, step.client, step.user, device, attempt)

    def _device_proof(self, step: Step) -> Answer:
        is_right = self._claim(step)
        device = step.user.device(step.session.device_key)
        if required(step.responses, "DEVICE_KEY") != device.key or not is_right():
            raise NotAuthorized(WRONG_PASSWORD)
        return self._steps.tokens(step.pool, step.client, step.user, device)

    def _claim(self, step: Step) -> Callable[[], bool]:
        """Uses the session up; whether its proof is right is told when it is asked, since it takes a millisecond."""
        stamp = required(step.responses, "TIMESTAMP")
        if not _TIMESTAMP.fullmatch(stamp):
            raise InvalidParameter(BAD_TIMESTAMP)
        try:
            signature = b64decode(required(step.responses, "PASSWORD_CLAIM_SIGNATURE"), validate=True)
        except (binascii.Error, ValueError):
            signature = b""
        self._sessions.close(step.token)
        attempt = step.session.attempt
        return lambda: attempt is not None and attempt.accepts(signature, stamp)

    def _new_password(self, step: Step) -> Answer:
        new_password = required(step.responses, "NEW_PASSWORD")
        step.pool.policy.check(new_password)
        self._sessions.close(step.token)
        user = step.user
        user.verifier = self._directory.new_verifier(new_password)
        user.status, user.temporary_until_s = UserStatus.CONFIRMED, None
        user.modified_s = self._directory.clock.wall()
        for name, value in step.responses.items():
            if name.startswith(ATTRIBUTE_PREFIX):
                user.attributes[name.removeprefix(ATTRIBUTE_PREFIX)] = value
        return self._steps.second_factor(step.pool, step.client, user, step.device_key)

    def _software_token(self, step: Step) -> Answer:
        code, app = required(step.responses, "SOFTWARE_TOKEN_MFA_CODE"), step.user.authenticator
        self._refuse_if_locked(step.user)
        found = app.step_of(code, self._directory.clock.wall()) if app else None
        if app is None or found is None:
            self._mismatch(step.user)
        if not app.is_fresh(found):
            raise ExpiredCode("Your software token has already been used once.")
        app.use(found)
        return self._finished(step)

    def _code(self, step: Step) -> Answer:
        code = required(step.responses, f"{step.session.challenge}_CODE")
        self._refuse_if_locked(step.user)
        if not _same(code, step.session.expected):
            self._mismatch(step.user)
        return self._finished(step)

    def _custom(self, step: Step) -> Answer:
        answer = required(step.responses, "ANSWER")
        self._sessions.close(step.token)
        self._first_factor.check(step.client, step.user, lambda: _same(answer, step.session.expected))
        return self._steps.signed_in(step.pool, step.client, step.user, step.device_key)

    def _mfa_setup(self, step: Step) -> Answer:
        if not step.user.second_factors:
            raise InvalidParameter("MFA is not set up for the user.")
        return self._finished(step)

    def _mfa_type(self, step: Step) -> Answer:
        chosen = required(step.responses, "ANSWER")
        if chosen not in step.user.second_factors:
            raise InvalidParameter("Invalid MFA type selected.")
        self._sessions.close(step.token)
        return self._steps.ask_for_code(chosen, step.pool, step.client, step.user, step.device_key)

    def _choice(self, step: Step) -> Answer:
        chosen = required(step.responses, "ANSWER")
        if chosen not in self._steps.first_factors(step.user):
            raise InvalidParameter("Invalid challenge selected.")
        if chosen == "PASSWORD":
            return self._password(step)
        if chosen == "PASSWORD_SRP":
            return self._srp(step)
        self._sessions.close(step.token)
        return self._steps.ask_for_code(chosen, step.pool, step.client, step.user, step.device_key)

    def _password(self, step: Step) -> Answer:
        password = required(step.responses, "PASSWORD")
        self._sessions.close(step.token)
        return self._first_factor.by_password(step.pool, step.client, step.user.username, password, step.device_key)

    def _srp(self, step: Step) -> Answer:
        public = required(step.responses, "SRP_A")
        self._sessions.close(step.token)
        return self._first_factor.begin_srp(step.pool, step.client, step.user.username, public, step.device_key)

    def _finished(self, step: Step) -> Answer:
        self._sessions.close(step.token)
        step.user.lockout.succeeded()
        return self._steps.signed_in(step.pool, step.client, step.user, step.device_key)

    def _refuse_if_locked(self, user: User) -> None:
        if user.lockout.is_locked(self._directory.clock.monotonic()):
            raise NotAuthorized("Password attempts exceeded")

    def _mismatch(self, user: User) -> NoReturn:
        """A wrong code counts as a wrong password does; the session waits for a better one."""
        user.lockout.failed(self._directory.clock.monotonic())
        raise CodeMismatch(WRONG_CODE)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
