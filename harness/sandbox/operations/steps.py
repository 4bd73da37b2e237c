"""What comes after a question was answered right: the next question, or tokens."""

from __future__ import annotations

from harness.sandbox.checks.refusals import NotAuthorized, UserNotConfirmed
from harness.sandbox.operations.parameters import Answer
from harness.sandbox.state.keys import compact_json
from harness.sandbox.state.outbox import Outbox
from harness.sandbox.state.pool import Client, Directory, Pool
from harness.sandbox.state.session import Sessions
from harness.sandbox.state.srp import Attempt
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.user import User, UserStatus

NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"  # noqa: S105  # the name of a challenge
SOFTWARE_TOKEN_MFA = "SOFTWARE_TOKEN_MFA"  # noqa: S105  # the name of a challenge
SELECT_MFA_TYPE = "SELECT_MFA_TYPE"
SELECT_CHALLENGE = "SELECT_CHALLENGE"
CUSTOM_CHALLENGE = "CUSTOM_CHALLENGE"
PASSWORD_VERIFIER = "PASSWORD_VERIFIER"  # noqa: S105  # the name of a challenge
LARGEST_SUMMAND = 50


class Steps:
    """The way through a sign-in.

    Args:
        directory: Whose pools these are.
        tokens: The end of the way.
        sessions: Where conversations wait.
        outbox: Where codes go.
    """

    def __init__(self, directory: Directory, tokens: Tokens, sessions: Sessions, outbox: Outbox) -> None:
        self._directory = directory
        self._tokens = tokens
        self._sessions = sessions
        self._outbox = outbox

    def after_password(self, pool: Pool, client: Client, user: User) -> Answer:
        """The password was right."""
        if user.status == UserStatus.UNCONFIRMED:
            raise UserNotConfirmed("User is not confirmed.")
        if user.status == UserStatus.FORCE_CHANGE_PASSWORD:
            return self._ask_for_new_password(pool, client, user)
        return self.second_factor(pool, client, user)

    def second_factor(self, pool: Pool, client: Client, user: User) -> Answer:
        """The password is for good."""
        factors = user.second_factors
        if not factors:
            return self.signed_in(pool, client, user)
        if len(factors) == 1 or user.has_preference:
            return self.ask_for_code(factors[0], pool, client, user)
        return self.ask(SELECT_MFA_TYPE, pool, client, user, {"MFAS_CAN_CHOOSE": compact_json(factors).decode()})

    def signed_in(self, pool: Pool, client: Client, user: User) -> Answer:
        """Every answer was right."""
        return {"AuthenticationResult": self._tokens.sign_in(pool, client, user), "ChallengeParameters": {}}

    def ask(
        self,
        challenge: str,
        pool: Pool,
        client: Client,
        user: User,
        parameters: dict[str, str],
        expected: str = "",
    ) -> Answer:
        """A question, in a session of its own."""
        session = self._open(challenge, pool, client, user.username, expected)
        given = {"USER_ID_FOR_SRP": user.username, **parameters}
        return {"ChallengeName": challenge, "Session": session, "ChallengeParameters": given}

    def ask_for_code(self, challenge: str, pool: Pool, client: Client, user: User) -> Answer:
        """An authenticator's code, or one that is sent."""
        if challenge == SOFTWARE_TOKEN_MFA:
            return self.ask(challenge, pool, client, user, {"FRIENDLY_DEVICE_NAME": "sandbox"})
        code = self._outbox.send(pool.id, user.username)
        medium = "SMS" if challenge.startswith("SMS") else "EMAIL"
        shown = {"CODE_DELIVERY_DELIVERY_MEDIUM": medium, "CODE_DELIVERY_DESTINATION": "***"}
        return self.ask(challenge, pool, client, user, shown, code)

    def ask_a_sum(self, pool: Pool, client: Client, user: User) -> Answer:
        """What the Lambda triggers of a pool with CUSTOM_AUTH would ask; here, how much two numbers are."""
        one, other = (1 + byte % LARGEST_SUMMAND for byte in self._directory.chance.random_bytes(2))
        question = {"USERNAME": user.username, "question": f"{one} + {other}"}
        return self.ask(CUSTOM_CHALLENGE, pool, client, user, question, str(one + other))

    def ask_which(self, pool: Pool, client: Client, user: User) -> Answer:
        """SELECT_CHALLENGE: which first factor it shall be."""
        answer = self.ask(SELECT_CHALLENGE, pool, client, user, {})
        return {**answer, "AvailableChallenges": self.first_factors(user)}

    def first_factors(self, user: User) -> list[str]:
        """What this user can begin with."""
        found = ["PASSWORD_SRP", "PASSWORD"]
        for name, attribute in (("EMAIL_OTP", "email_verified"), ("SMS_OTP", "phone_number_verified")):
            if user.attributes.get(attribute) == "true":
                found.append(name)
        return found

    def ask_for_proof(self, pool: Pool, client: Client, username: str, attempt: Attempt) -> Answer:
        """PASSWORD_VERIFIER, which has no Session: its secret block stands for it."""
        block = self._sessions.open(
            PASSWORD_VERIFIER,
            pool_id=pool.id,
            client_id=client.id,
            username=username,
            life_s=client.session_life_s,
            attempt=attempt,
        )
        return {
            "ChallengeName": PASSWORD_VERIFIER,
            "ChallengeParameters": {
                "USERNAME": username,
                "USER_ID_FOR_SRP": username,
                "SALT": attempt.enrolment.salt_hex,
                "SRP_B": attempt.public_hex,
                "SECRET_BLOCK": block,
            },
        }

    def _ask_for_new_password(self, pool: Pool, client: Client, user: User) -> Answer:
        if user.temporary_until_s is not None and self._directory.clock.wall() >= user.temporary_until_s:
            raise NotAuthorized("Temporary password has expired and must be reset by an administrator.")
        parameters = {"requiredAttributes": "[]", "userAttributes": compact_json(user.attributes).decode()}
        return self.ask(NEW_PASSWORD_REQUIRED, pool, client, user, parameters)

    def _open(self, challenge: str, pool: Pool, client: Client, username: str, expected: str) -> str:
        return self._sessions.open(
            challenge,
            pool_id=pool.id,
            client_id=client.id,
            username=username,
            life_s=client.session_life_s,
            expected=expected,
        )
