"""A user pool as its administrator sees it: the calls that make and remove test accounts, by a boto3 client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from harness.cognito.parties import AppClient, secret_hash
from harness.errors import HarnessError

MARK_NAME: Final = "family_name"
"""A standard attribute, which every pool has, and one that ListUsers can filter by."""
MARK: Final = "cognito-load"
PAGE: Final = 60

_CREDENTIALS: Final = "Check the AWS credentials: AWS_PROFILE, keys, `aws sso login`."
_HINTS: Final = {
    "AccessDeniedException": "Give these credentials the actions that docs/provision.md lists.",
    "ResourceNotFoundException": "Check --cognito-user-pool-id and --group, and that both are in this region.",
    "InvalidParameterException": "Give what the pool requires with --attribute NAME=VALUE; --totp needs an app client "
    "that takes ADMIN_USER_PASSWORD_AUTH or USER_PASSWORD_AUTH, and a pool that takes authenticator apps.",
    "EnableSoftwareTokenMFAException": "A code is made of this machine's clock: is it right?",
    "TooManyRequestsException": "Others use this quota, too: lower --rate, and run the same command again.",
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
}


class RefusedError(HarnessError):
    """The service refused a call, or could not be asked."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the pool that was made here."""

    name: str
    """What it signs in with."""
    status: str
    is_enabled: bool

    @property
    def is_ready(self) -> bool:
        """Whether a load test can use it."""
        return self.is_enabled and self.status == "CONFIRMED"


@dataclass(frozen=True, slots=True)
class Description:
    """What matters of a pool."""

    name: str
    users: int
    """Estimated by the service."""
    tier: str
    signs_in_by_email: bool
    policy: Mapping[str, object] = field(default_factory=dict)


class Pool:
    """The pool; safe for several threads, as boto3's clients are.

    Args:
        client: boto3's, of cognito-idp.
        pool_id: Which one.
    """

    def __init__(self, client: Any, pool_id: str) -> None:  # noqa: ANN401  # boto3's client
        self._client = client
        self._pool_id = pool_id

    def describe(self) -> Description:
        """The pool itself.

        Raises:
            RefusedError: See the hint.
        """
        pool = self._call("describe_user_pool")["UserPool"]
        return Description(
            str(pool.get("Name", "")),
            int(pool.get("EstimatedNumberOfUsers", 0)),
            str(pool.get("UserPoolTier", "")),
            "email" in (pool.get("UsernameAttributes") or ()),
            (pool.get("Policies") or {}).get("PasswordPolicy") or {},
        )

    def check_group(self, name: str) -> None:
        """Nothing, when the pool has this group.

        Raises:
            RefusedError: It has none, or could not be asked.
        """
        self._call("get_group", GroupName=name)

    def accounts(self) -> Iterator[Account]:
        """Every account with the mark, page by page.

        Raises:
            RefusedError: See the hint.
        """
        token: dict[str, str] = {}
        while True:
            page = self._call("list_users", Filter=f'{MARK_NAME} = "{MARK}"', Limit=PAGE, **token)
            yield from map(_account, page["Users"])
            if not page.get("PaginationToken"):
                return
            token = {"PaginationToken": page["PaginationToken"]}

    def create(self, name: str, attributes: Mapping[str, str]) -> bool:
        """A new account with the mark, and no message to anybody; False when somebody else's has this name.

        True also when it is there already with the mark: an earlier attempt whose answer was lost.

        Raises:
            RefusedError: See the hint.
        """
        listed = [{"Name": key, "Value": value} for key, value in {**attributes, MARK_NAME: MARK}.items()]
        try:
            self._call("admin_create_user", Username=name, MessageAction="SUPPRESS", UserAttributes=listed)
        except _ExistsError:
            return self._is_marked(name)
        return True

    def set_password(self, name: str, password: str) -> None:
        """A password for good, which confirms the account.

        Raises:
            RefusedError: See the hint.
        """
        self._call("admin_set_user_password", Username=name, Password=password, Permanent=True)

    def add_to_groups(self, name: str, groups: Iterable[str]) -> None:
        """Put an account into groups; nothing happens where it is in them.

        Raises:
            RefusedError: See the hint.
        """
        for group in groups:
            self._call("admin_add_user_to_group", Username=name, GroupName=group)

    def sign_in(self, app: AppClient, name: str, password: str) -> Mapping[str, Any]:
        """What Cognito answers to a password: an AuthenticationResult or a challenge.

        As an administrator where the app client allows that, else as the user.

        Raises:
            RefusedError: See the hint.
        """
        given = {"USERNAME": name, "PASSWORD": password}
        if app.client_secret:
            given["SECRET_HASH"] = secret_hash(app, name)
        members = {"ClientId": app.client_id, "AuthParameters": given}
        try:
            return self._call("admin_initiate_auth", AuthFlow="ADMIN_USER_PASSWORD_AUTH", **members)  # type: ignore[no-any-return]  # boto3's document
        except RefusedError as error:
            if "flow not enabled" not in error.message:
                raise
        return self._ask("initiate_auth", AuthFlow="USER_PASSWORD_AUTH", **members)  # type: ignore[no-any-return]  # the same

    def begin_app(self, whose: Mapping[str, str]) -> tuple[str, str]:
        """The secret of a new authenticator app, and the session to go on with, if it is a session's.

        Args:
            whose: AccessToken, or the Session of a sign-in.

        Raises:
            RefusedError: See the hint.
        """
        answer = self._ask("associate_software_token", **whose)
        return str(answer["SecretCode"]), str(answer.get("Session") or "")

    def confirm_app(self, whose: Mapping[str, str], code: str) -> None:
        """The app's first code.

        Raises:
            RefusedError: See the hint.
        """
        self._ask("verify_software_token", UserCode=code, **whose)

    def prefer_app(self, name: str, *, wanted: bool) -> None:
        """Have the app asked for at each sign-in, or not; nothing happens when there is none to be left out.

        Raises:
            RefusedError: See the hint.
        """
        given = {"Enabled": wanted, "PreferredMfa": wanted}
        self._call("admin_set_user_mfa_preference", Username=name, SoftwareTokenMfaSettings=given)

    def delete(self, name: str) -> None:
        """Remove an account; nothing happens when it is gone.

        Raises:
            RefusedError: See the hint.
        """
        try:
            self._call("admin_delete_user", Username=name)
        except _AbsentError:
            return

    def _is_marked(self, name: str) -> bool:
        user = self._call("admin_get_user", Username=name)
        return {"Name": MARK_NAME, "Value": MARK} in user["UserAttributes"]

    def _call(self, operation: str, **parameters: object) -> Any:  # noqa: ANN401  # boto3's documents
        return self._ask(operation, UserPoolId=self._pool_id, **parameters)

    def _ask(self, operation: str, **parameters: object) -> Any:  # noqa: ANN401  # boto3's documents
        try:
            return getattr(self._client, operation)(**parameters)
        except ClientError as error:
            kind = error.response.get("Error", {}).get("Code", "")
            message = f"{operation} was refused: {kind}: {error.response.get('Error', {}).get('Message', '')}"
            tree = {"UsernameExistsException": _ExistsError, "UserNotFoundException": _AbsentError}
            raise tree.get(kind, RefusedError)(message, _HINTS.get(kind, "")) from None
        except BotoCoreError as error:
            raise RefusedError(f"{operation} could not be asked: {error}", _CREDENTIALS) from None


class _ExistsError(RefusedError):
    """The name is taken."""


class _AbsentError(RefusedError):
    """There is no such account."""


def _account(user: Mapping[str, Any]) -> Account:
    attributes = {attribute["Name"]: attribute.get("Value", "") for attribute in user.get("Attributes", ())}
    name = user["Username"]
    if name == attributes.get("sub"):  # a pool with e-mail sign-in
        name = attributes.get("email", name)
    return Account(name, user["UserStatus"], user["Enabled"])
