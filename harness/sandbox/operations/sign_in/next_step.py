"""What comes after a question was answered right: the next question, or tokens."""

from __future__ import annotations

from harness.sandbox.errors import NotAuthorized, UserNotConfirmed
from harness.sandbox.operations.parameters import Answer
from harness.sandbox.state.clock import ALPHANUMERIC
from harness.sandbox.state.device import Device
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
MFA_SETUP = "MFA_SETUP"
DEVICE_SRP_AUTH = "DEVICE_SRP_AUTH"
DEVICE_PASSWORD_VERIFIER = "DEVICE_PASSWORD_VERIFIER"  # noqa: S105  # the name of a challenge
LARGEST_SUMMAND = 50
MOST_DEVICES = 1_000
"""A load that never says from which device it comes makes one per login; the oldest go first."""


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

    def after_password(self, pool: Pool, client: Client, user: User, device_key: str = "") -> Answer:
        """The password was right."""
        if user.status == UserStatus.UNCONFIRMED:
            raise UserNotConfirmed("User is not confirmed.")
        if user.status == UserStatus.FORCE_CHANGE_PASSWORD:
            return self._ask_for_new_password(pool, client, user)
        return self.second_factor(pool, client, user, device_key)

    def second_factor(self, pool: Pool, client: Client, user: User, device_key: str = "") -> Answer:
        """The password is for good. A remembered device may stand in for the second factor."""
        factors = user.second_factors
        if not factors and pool.demands_second_factor:
            can = {"MFAS_CAN_SETUP": compact_json([SOFTWARE_TOKEN_MFA]).decode()}
            return self.ask(MFA_SETUP, pool, client, user, can, device_key=device_key)
        device = self._device(pool, user, device_key)
        if not factors or (device is not None and device.is_remembered and pool.spares_devices):
            return self.signed_in(pool, client, user, device_key)
        if len(factors) == 1 or user.has_preference:
            return self.ask_for_code(factors[0], pool, client, user, device_key)
        choice = {"MFAS_CAN_CHOOSE": compact_json(factors).decode()}
        return self.ask(SELECT_MFA_TYPE, pool, client, user, choice, device_key=device_key)

    def signed_in(self, pool: Pool, client: Client, user: User, device_key: str = "") -> Answer:
        """The user's answers were right; a remembered device has still to prove itself."""
        device = self._device(pool, user, device_key)
        if device is not None and device.is_remembered:
            asked = self.ask(DEVICE_SRP_AUTH, pool, client, user, {}, device_key=device_key)
            device.waiting = asked["Session"]
            return asked
        return self.tokens(pool, client, user, device)

    def tokens(self, pool: Pool, client: Client, user: User, device: Device | None) -> Answer:
        """Every answer was right; where devices are kept track of, a sign-in from none makes one."""
        news = {}
        if device is None and pool.device_configuration:
            device = self._new_device(user)
            news = {"NewDeviceMetadata": {"DeviceKey": device.key, "DeviceGroupKey": device.group_key}}
        if device is not None:
            device.authenticated_s = self._directory.clock.wall()
        result = self._tokens.sign_in(pool, client, user, device.key if device else "")
        return {"AuthenticationResult": {**result, **news}, "ChallengeParameters": {}}

    def ask(
        self,
        challenge: str,
        pool: Pool,
        client: Client,
        user: User,
        parameters: dict[str, str],
        expected: str = "",
        device_key: str = "",
    ) -> Answer:
        """A question, in a session of its own."""
        session = self._open(challenge, pool, client, user.username, expected, device_key)
        given = {"USER_ID_FOR_SRP": user.username, **parameters}
        return {"ChallengeName": challenge, "Session": session, "ChallengeParameters": given}

    def ask_for_code(self, challenge: str, pool: Pool, client: Client, user: User, device_key: str = "") -> Answer:
        """An authenticator's code, or one that is sent."""
        if challenge == SOFTWARE_TOKEN_MFA:
            shown = {"FRIENDLY_DEVICE_NAME": "sandbox"}
            return self.ask(challenge, pool, client, user, shown, device_key=device_key)
        code = self._outbox.send(pool.id, user.username)
        medium = "SMS" if challenge.startswith("SMS") else "EMAIL"
        shown = {"CODE_DELIVERY_DELIVERY_MEDIUM": medium, "CODE_DELIVERY_DESTINATION": "***"}
        return self.ask(challenge, pool, client, user, shown, code, device_key)

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

    def ask_for_proof(
        self, pool: Pool, client: Client, username: str, attempt: Attempt, device_key: str = ""
    ) -> Answer:
        """PASSWORD_VERIFIER, which has no Session: its secret block stands for it."""
        block = self._sessions.open(
            PASSWORD_VERIFIER,
            pool_id=pool.id,
            client_id=client.id,
            username=username,
            life_s=client.session_life_s,
            attempt=attempt,
            device_key=device_key,
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

    def ask_device_for_proof(self, pool: Pool, client: Client, user: User, device: Device, attempt: Attempt) -> Answer:
        """DEVICE_PASSWORD_VERIFIER; its secret block stands for its Session, too."""
        block = self._sessions.open(
            DEVICE_PASSWORD_VERIFIER,
            pool_id=pool.id,
            client_id=client.id,
            username=user.username,
            life_s=client.session_life_s,
            attempt=attempt,
            device_key=device.key,
        )
        return {
            "ChallengeName": DEVICE_PASSWORD_VERIFIER,
            "ChallengeParameters": {
                "USERNAME": user.username,
                "DEVICE_KEY": device.key,
                "SALT": attempt.enrolment.salt_hex,
                "SRP_B": attempt.public_hex,
                "SECRET_BLOCK": block,
            },
        }

    def _device(self, pool: Pool, user: User, key: str) -> Device | None:
        """The device that a sign-in says it comes from; None when it says nothing, or nobody keeps track.

        Raises:
            ResourceNotFound: There is no such device.
        """
        return user.device(key) if key and pool.device_configuration else None

    def _new_device(self, user: User) -> Device:
        chance, now_s = self._directory.chance, self._directory.clock.wall()
        key, group = f"{self._directory.region}_{chance.uuid()}", f"-{chance.text(8, ALPHANUMERIC)}"
        user.devices[key] = device = Device(key, group, created_s=now_s, modified_s=now_s, authenticated_s=now_s)
        while len(user.devices) > MOST_DEVICES:
            del user.devices[next(iter(user.devices))]
        return device

    def _ask_for_new_password(self, pool: Pool, client: Client, user: User) -> Answer:
        if user.temporary_until_s is not None and self._directory.clock.wall() >= user.temporary_until_s:
            raise NotAuthorized("Temporary password has expired and must be reset by an administrator.")
        parameters = {"requiredAttributes": "[]", "userAttributes": compact_json(user.attributes).decode()}
        return self.ask(NEW_PASSWORD_REQUIRED, pool, client, user, parameters)

    def _open(self, challenge: str, pool: Pool, client: Client, username: str, expected: str, device_key: str) -> str:
        return self._sessions.open(
            challenge,
            pool_id=pool.id,
            client_id=client.id,
            username=username,
            life_s=client.session_life_s,
            expected=expected,
            device_key=device_key,
        )
