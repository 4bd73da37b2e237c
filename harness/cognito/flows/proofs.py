"""Challenges that are answered by Secure Remote Password: a user's password, and that of a remembered device.

A device proves itself like a user does, under names of its own: its group key stands where the pool's name does, and
its key where the user's does.

Source: AWS's API reference of RespondToAuthChallenge (`ChallengeResponses`), and the clients that AWS published
(amazon-cognito-identity-js, `CognitoUser.getDeviceResponse`).
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import Final

from harness.cognito import srp
from harness.cognito.flows.challenges import SRP, choose_first_factor, leave_unanswered, respond
from harness.cognito.parties import Account, AppClient, Challenge
from harness.cognito.wire import NOT_COGNITO, OFFLOAD, Call, Reply
from harness.errors import LoginError
from harness.outcome import Outcome

PASSWORD_VERIFIER: Final = "PASSWORD_VERIFIER"  # noqa: S105  # the name of a challenge
DEVICE_SRP_AUTH: Final = "DEVICE_SRP_AUTH"
DEVICE_PASSWORD_VERIFIER: Final = "DEVICE_PASSWORD_VERIFIER"  # noqa: S105  # the name of a challenge
DEVICE_HINT: Final = (
    "Put the device's key, group key and password into the columns `device_key`, `device_group_key` and "
    "`device_password` of the users file (docs/flows.md), or forget the device (AdminForgetDevice)."
)


class Proofs:
    """What one login has to prove by SRP; `begin` and `answer` are parts of its flow.

    Args:
        client: The app client.
        account: Who logs in.
    """

    __slots__ = ("_account", "_client", "_device", "_user")

    def __init__(self, client: AppClient, account: Account) -> None:
        self._client = client
        self._account = account
        self._user: srp.Exchange | None = None
        self._device: srp.Exchange | None = None

    def begin(self) -> Generator[Call, Reply, str]:
        """SRP_A of the user's password, made now or left by an earlier login while that was off the event loop."""
        try:
            self._user = self._client.exchanges.popleft()
        except IndexError:
            yield OFFLOAD
            self._user = self._new_exchange()
        return self._user.public

    def answers(self, challenge: Challenge) -> bool:
        """Whether this challenge is answered here."""
        name = challenge.name
        if name == PASSWORD_VERIFIER:
            return self._user is not None
        if name == DEVICE_PASSWORD_VERIFIER:
            return self._device is not None
        return name in (SRP, DEVICE_SRP_AUTH) or (
            name == "SELECT_CHALLENGE" and choose_first_factor(self._client, challenge) == SRP
        )

    def answer(self, challenge: Challenge) -> Generator[Call, Reply, Call]:
        """The call that answers it.

        Raises:
            LoginError: It cannot be read, or is about a device that nothing is known of.
        """
        client, account = self._client, self._account
        if challenge.name == PASSWORD_VERIFIER and self._user is not None:
            yield OFFLOAD
            call = self._proof(self._user, challenge, "USER_ID_FOR_SRP", account.password)
            client.exchanges.append(self._new_exchange())
            return call
        if challenge.name == DEVICE_PASSWORD_VERIFIER and self._device is not None:
            yield OFFLOAD
            return self._proof(self._device, challenge, "DEVICE_KEY", account.device_password)
        if challenge.name == DEVICE_SRP_AUTH:
            if not (account.device_key and account.device_group_key and account.device_password):
                leave_unanswered(challenge, "the users file says too little of this user's device", DEVICE_HINT)
            yield OFFLOAD
            self._device = srp.Exchange(account.device_group_key)
            return respond(client, challenge, {"DEVICE_KEY": account.device_key, "SRP_A": self._device.public})
        public = yield from self.begin()
        chosen = {} if challenge.name == SRP else {"ANSWER": SRP}
        return respond(client, challenge, {**chosen, "SRP_A": public})

    def _new_exchange(self) -> srp.Exchange:
        return srp.Exchange(self._client.user_pool_id.partition("_")[2])

    def _proof(self, exchange: srp.Exchange, challenge: Challenge, who: str, password: str) -> Call:
        question = _question(challenge, who, MappingProxyType({"DEVICE_KEY": self._account.device_key}))
        try:
            proof = exchange.prove(question, password, time.time())
        except ValueError:
            raise LoginError(NOT_COGNITO, f"{challenge.name}: u is 0", outcome=Outcome.MALFORMED) from None
        return respond(
            self._client,
            challenge,
            {
                "PASSWORD_CLAIM_SECRET_BLOCK": proof.secret_block,
                "PASSWORD_CLAIM_SIGNATURE": proof.signature,
                "TIMESTAMP": proof.timestamp,
                **({"DEVICE_KEY": self._account.device_key} if self._account.device_key else {}),
            },
        )


def _question(challenge: Challenge, who: str, known: Mapping[str, str]) -> srp.Question:
    given = {**challenge.parameters, **known}
    try:
        return srp.Question.read(*(given.get(name) for name in (who, "SALT", "SRP_B", "SECRET_BLOCK")))
    except ValueError as error:
        raise LoginError(NOT_COGNITO, f"{challenge.name}: {_said(error)}", outcome=Outcome.MALFORMED) from None


def _said(error: ValueError) -> str:
    """What is wrong; binascii's and int's own words may quote the value."""
    text = str(error)
    return text if text.startswith(("SALT", "SRP_B", "USER_ID", "SECRET")) else "its parameters cannot be read"
