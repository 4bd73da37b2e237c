"""The first thing that a sign-in has to prove: a password, by sending it or by SRP."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from harness.sandbox.errors import InvalidParameter, NotAuthorized, PasswordResetRequired, UserNotFound
from harness.sandbox.operations.parameters import Answer
from harness.sandbox.operations.sign_in.next_step import Steps
from harness.sandbox.state import srp
from harness.sandbox.state.pool import Client, Directory, Pool
from harness.sandbox.state.user import User, UserStatus

WRONG_PASSWORD = "Incorrect username or password."  # noqa: S105  # the service's text


class FirstFactor:
    """Passwords, and what else can be said about somebody who tries one."""

    def __init__(self, directory: Directory, steps: Steps) -> None:
        self._directory = directory
        self._steps = steps
        self._key = directory.chance.random_bytes(32)

    def find(self, pool: Pool, client: Client, username: str) -> User:
        """The user of this name.

        Raises:
            NotAuthorized: There is none, and the client hides that.
            UserNotFound: There is none, and it does not.
        """
        user = pool.find(username)
        if user is None:
            raise NotAuthorized(WRONG_PASSWORD) if client.hides_existence else UserNotFound("User does not exist.")
        return user

    def check(self, client: Client, user: User, is_right: Callable[[], bool], refusal: str = WRONG_PASSWORD) -> None:
        """Nothing, when the user may sign in and what they gave is right; else one more failure.

        Raises:
            NotAuthorized: It is wrong, or the user is locked out or disabled.
            PasswordResetRequired: An administrator asked for a new password.
        """
        now_s = self._directory.clock.monotonic()
        if user.lockout.is_locked(now_s):
            raise NotAuthorized("Password attempts exceeded")
        if not user.is_enabled and not client.hides_existence:
            raise NotAuthorized("User is disabled.")
        if user.status == UserStatus.RESET_REQUIRED:
            raise PasswordResetRequired("Password reset required for the user")
        if not is_right():
            user.lockout.failed(now_s)
            raise NotAuthorized(refusal)
        if not user.is_enabled:
            raise NotAuthorized("User is disabled.")
        user.lockout.succeeded()

    def by_password(self, pool: Pool, client: Client, username: str, password: str, device_key: str = "") -> Answer:
        """A password that was sent."""
        user = self.find(pool, client, username)
        self.check(client, user, lambda: user.verifier.accepts(password))
        return self._steps.after_password(pool, client, user, device_key)

    def begin_srp(self, pool: Pool, client: Client, username: str, public: str, device_key: str = "") -> Answer:
        """A password that will be proved: the challenge. A wrong one is refused at the second step.

        Where existence is hidden, an unknown user gets a challenge too, with the same salt each time.
        """
        number = srp.read_public(public)
        if number is None:
            raise InvalidParameter("Invalid SRP_A value.")
        chance, pool_name = self._directory.chance, pool.id.partition("_")[2]
        user = pool.find(username) if client.hides_existence else self.find(pool, client, username)
        if user is None:
            salt = hmac.digest(self._key, username.encode("utf-8", "surrogatepass"), hashlib.sha256)
            enrolment = srp.Enrolment(bytes([1 + salt[0] % 127]) + salt[1 : srp.SALT_BYTES], int.from_bytes(salt))
        else:
            username = user.username
            enrolment = user.verifier.enrolment(pool_name, username, chance)
        attempt = srp.begin(pool_name + username, number, enrolment, chance)
        return self._steps.ask_for_proof(pool, client, username, attempt, device_key)
