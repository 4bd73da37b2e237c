"""What an administrator does with the users of a pool."""

from __future__ import annotations

from harness.sandbox.errors import NotAuthorized, UnsupportedUserState, UserNotFound
from harness.sandbox.operations.parameters import Answer, Parameters, attributes
from harness.sandbox.state.clock import LOWER_ALPHANUMERIC
from harness.sandbox.state.pool import Directory, Pool
from harness.sandbox.state.user import User, UserStatus

DAY_S = 24 * 3600
GENERATED_PASSWORD_LENGTH = 16


class Administration:
    """The Admin operations, apart from AdminInitiateAuth."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def admin_create_user(self, parameters: Parameters) -> Answer:
        """AdminCreateUser: a user with a temporary password. No message is sent to anybody."""
        pool = self._directory.pool(parameters["UserPoolId"])
        if parameters.get("MessageAction") == "RESEND":
            user = self._resend(pool, parameters["Username"])
        else:
            user = pool.add(
                parameters["Username"],
                self._directory.new_verifier(self._temporary_password(pool, parameters.get("TemporaryPassword"))),
                UserStatus.FORCE_CHANGE_PASSWORD,
                attributes(parameters.get("UserAttributes")),
                sub=self._directory.chance.uuid(),
                now_s=self._directory.clock.wall(),
            )
        self._start_temporary_password(pool, user)
        return {"User": {**description(user), "Attributes": user.attribute_list()}}

    def admin_set_user_password(self, parameters: Parameters) -> Answer:
        """AdminSetUserPassword: for good, or until the user's next sign-in."""
        pool, user = self._found(parameters)
        pool.policy.check(parameters["Password"])
        user.verifier = self._directory.new_verifier(parameters["Password"])
        if parameters.get("Permanent"):
            user.status, user.temporary_until_s = UserStatus.CONFIRMED, None
        else:
            user.status = UserStatus.FORCE_CHANGE_PASSWORD
            self._start_temporary_password(pool, user)
        return self._changed(user)

    def admin_get_user(self, parameters: Parameters) -> Answer:
        """AdminGetUser: everything about a user but the password."""
        _, user = self._found(parameters)
        return {**description(user), "UserAttributes": user.attribute_list()}

    def admin_confirm_sign_up(self, parameters: Parameters) -> Answer:
        """AdminConfirmSignUp: the end of a sign-up without its code."""
        _, user = self._found(parameters)
        if user.status != UserStatus.UNCONFIRMED:
            raise NotAuthorized(f"User cannot be confirmed. Current status is {user.status}")
        user.status = UserStatus.CONFIRMED
        return self._changed(user)

    def admin_disable_user(self, parameters: Parameters) -> Answer:
        """AdminDisableUser: no more sign-ins, and every token revoked."""
        _, user = self._found(parameters)
        user.is_enabled = False
        user.sign_out_everywhere()
        return self._changed(user)

    def admin_enable_user(self, parameters: Parameters) -> Answer:
        """AdminEnableUser: sign-ins again."""
        _, user = self._found(parameters)
        user.is_enabled = True
        return self._changed(user)

    def admin_reset_user_password(self, parameters: Parameters) -> Answer:
        """AdminResetUserPassword: the user has to ask for a new one."""
        _, user = self._found(parameters)
        if user.status not in (UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED):
            raise NotAuthorized("User password cannot be reset in the current state.")
        user.status = UserStatus.RESET_REQUIRED
        return self._changed(user)

    def admin_update_user_attributes(self, parameters: Parameters) -> Answer:
        """AdminUpdateUserAttributes: without a code for a new address."""
        pool, user = self._found(parameters)
        pool.update(user, attributes(parameters["UserAttributes"]))
        return self._changed(user)

    def admin_user_global_sign_out(self, parameters: Parameters) -> Answer:
        """AdminUserGlobalSignOut: revoke every token of the user."""
        _, user = self._found(parameters)
        user.sign_out_everywhere()
        return {}

    def admin_delete_user(self, parameters: Parameters) -> Answer:
        """AdminDeleteUser: gone, with everything."""
        pool, user = self._found(parameters)
        pool.remove(user)
        return {}

    def _temporary_password(self, pool: Pool, given: str | None) -> str:
        if not given:  # nobody is told this one, so no policy needs to like it
            return self._directory.chance.text(GENERATED_PASSWORD_LENGTH, LOWER_ALPHANUMERIC)
        pool.policy.check(given)
        return given

    def _resend(self, pool: Pool, username: str) -> User:
        user = pool.find(username)
        if user is None:
            raise UserNotFound("User does not exist.")
        if user.status != UserStatus.FORCE_CHANGE_PASSWORD:
            raise UnsupportedUserState(f"Resend not possible. {user.status} status is not FORCE_CHANGE_PASSWORD")
        return user

    def _found(self, parameters: Parameters) -> tuple[Pool, User]:
        pool = self._directory.pool(parameters["UserPoolId"])
        return pool, pool.user(parameters["Username"])

    def _start_temporary_password(self, pool: Pool, user: User) -> None:
        user.temporary_until_s = self._directory.clock.wall() + pool.policy.temporary_validity_days * DAY_S

    def _changed(self, user: User) -> Answer:
        user.modified_s = self._directory.clock.wall()
        return {}


def description(user: User) -> Answer:
    """A user as the service describes one; dates are epoch seconds, which is what every SDK reads."""
    return {
        "Username": user.username,
        "UserCreateDate": round(user.created_s, 3),
        "UserLastModifiedDate": round(user.modified_s, 3),
        "Enabled": user.is_enabled,
        "UserStatus": user.status.value,
    }
