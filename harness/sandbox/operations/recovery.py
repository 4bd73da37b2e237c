"""What a user confirms by a code that was sent: a sign-up, a new password; and what they change when signed in.

Source: AWS's API reference, and its developer guide, "Managing user existence error responses".
"""

from __future__ import annotations

import hmac

from harness.sandbox.errors import CodeMismatch, ExpiredCode, InvalidParameter, NotAuthorized, UserNotFound
from harness.sandbox.operations.parameters import Answer, Parameters, attributes, check_secret_hash
from harness.sandbox.operations.sign_in.first_factor import WRONG_PASSWORD
from harness.sandbox.state.outbox import Outbox
from harness.sandbox.state.pool import Client, Directory, Pool
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.user import PendingCode, User, UserStatus

WRONG = "Invalid verification code provided, please try again."
TOO_OLD = "Invalid code provided, please request a code again."
SIGN_UP, PASSWORD = "sign-up", "password"
LIVES_S = {SIGN_UP: 24 * 3600.0, PASSWORD: 3600.0}
"""How long a code of each kind is good."""


class Recovery:
    """The operations with codes, and ChangePassword and UpdateUserAttributes."""

    def __init__(self, directory: Directory, tokens: Tokens, outbox: Outbox) -> None:
        self._directory = directory
        self._tokens = tokens
        self._outbox = outbox

    def confirm_sign_up(self, parameters: Parameters) -> Answer:
        """ConfirmSignUp: the code of a sign-up."""
        pool, client, user = self._asked(parameters)
        if user is None:
            raise ExpiredCode(TOO_OLD) if client.hides_existence else UserNotFound("User does not exist.")
        if user.status != UserStatus.UNCONFIRMED:
            raise NotAuthorized(f"User cannot be confirmed. Current status is {user.status}")
        self._spend(user, SIGN_UP, parameters["ConfirmationCode"])
        user.status = UserStatus.CONFIRMED
        pool.update(user, {f"{self._medium(user)[1]}_verified": "true"})
        return self._changed(user)

    def resend_confirmation_code(self, parameters: Parameters) -> Answer:
        """ResendConfirmationCode: another code for a sign-up."""
        pool, client, user = self._asked(parameters)
        if user is None:
            return self._nobody(client)
        if user.status != UserStatus.UNCONFIRMED:
            raise InvalidParameter("User is already confirmed.")
        return self.send(pool, user, SIGN_UP)

    def forgot_password(self, parameters: Parameters) -> Answer:
        """ForgotPassword: a code for a new password."""
        pool, client, user = self._asked(parameters)
        if user is None:
            return self._nobody(client)
        if not user.is_enabled:
            raise NotAuthorized("User is disabled.")
        if user.status == UserStatus.FORCE_CHANGE_PASSWORD:
            raise NotAuthorized("User password cannot be reset in the current state.")
        if "true" not in (user.attributes.get("email_verified"), user.attributes.get("phone_number_verified")):
            raise InvalidParameter(
                "Cannot reset password for the user as there is no registered/verified email or phone_number"
            )
        return self.send(pool, user, PASSWORD)

    def confirm_forgot_password(self, parameters: Parameters) -> Answer:
        """ConfirmForgotPassword: the code and the new password."""
        pool, client, user = self._asked(parameters)
        if user is None:
            raise CodeMismatch(WRONG) if client.hides_existence else UserNotFound("User does not exist.")
        pool.policy.check(parameters["Password"])
        self._spend(user, PASSWORD, parameters["ConfirmationCode"])
        user.verifier = self._directory.new_verifier(parameters["Password"])
        user.status, user.temporary_until_s = UserStatus.CONFIRMED, None
        user.lockout.succeeded()
        return self._changed(user)

    def change_password(self, parameters: Parameters) -> Answer:
        """ChangePassword: by somebody who is signed in and knows the old one; tokens stay good."""
        pool, user = self._tokens.holder(parameters["AccessToken"])
        pool.policy.check(parameters["ProposedPassword"])
        now_s = self._directory.clock.monotonic()
        if user.lockout.is_locked(now_s):
            raise NotAuthorized("Password attempts exceeded")
        if not user.verifier.accepts(parameters.get("PreviousPassword") or ""):
            user.lockout.failed(now_s)
            raise NotAuthorized(WRONG_PASSWORD)
        user.lockout.succeeded()
        user.verifier = self._directory.new_verifier(parameters["ProposedPassword"])
        return self._changed(user)

    def update_user_attributes(self, parameters: Parameters) -> Answer:
        """UpdateUserAttributes: a new address has to be verified anew, and nobody is sent a code for it."""
        pool, user = self._tokens.holder(parameters["AccessToken"])
        given = attributes(parameters["UserAttributes"])
        if any(name.endswith("_verified") for name in given):
            raise NotAuthorized("A client attempted to write unauthorized attribute")
        pool.update(user, given)
        return {**self._changed(user), "CodeDeliveryDetailsList": []}

    def send(self, pool: Pool, user: User, purpose: str) -> Answer:
        """A code for this purpose; where it would have gone."""
        until_s = self._directory.clock.monotonic() + LIVES_S[purpose]
        user.codes[purpose] = PendingCode(self._outbox.send(pool.id, user.username), until_s)
        medium, attribute = self._medium(user)
        return _delivery(medium, attribute)

    def _asked(self, parameters: Parameters) -> tuple[Pool, Client, User | None]:
        client = self._directory.client(parameters["ClientId"])
        check_secret_hash(client, parameters["Username"], parameters.get("SecretHash"))
        pool = self._directory.pool(client.pool_id)
        return pool, client, pool.find(parameters["Username"])

    def _spend(self, user: User, purpose: str, code: str) -> None:
        pending = user.codes.get(purpose)
        if pending is None or pending.until_s <= self._directory.clock.monotonic():
            raise ExpiredCode(TOO_OLD)
        if not hmac.compare_digest(code.encode("utf-8", "surrogatepass"), pending.code.encode()):
            raise CodeMismatch(WRONG)
        del user.codes[purpose]

    def _nobody(self, client: Client) -> Answer:
        """What is said of a user who does not exist: the same as of one who does, where that is hidden."""
        if not client.hides_existence:
            raise UserNotFound("User does not exist.")
        return _delivery("EMAIL", "email")

    @staticmethod
    def _medium(user: User) -> tuple[str, str]:
        has_phone = "phone_number" in user.attributes and "email" not in user.attributes
        return ("SMS", "phone_number") if has_phone else ("EMAIL", "email")

    def _changed(self, user: User) -> Answer:
        user.modified_s = self._directory.clock.wall()
        return {}


def _delivery(medium: str, attribute: str) -> Answer:
    return {"CodeDeliveryDetails": {"Destination": "***", "DeliveryMedium": medium, "AttributeName": attribute}}
