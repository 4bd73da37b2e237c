"""Every way in which Cognito says no; the class is the error's type, the message its text.

Source of types and texts: the service's own answers, as its users report them, and botocore's service model.
"""

from __future__ import annotations

from http import HTTPStatus


class Refusal(Exception):  # noqa: N818  # an answer of the service, not a failure of this program
    """An operation's error answer.

    Args:
        message: What the caller is told; empty where the service says nothing.
    """

    status: HTTPStatus = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    @property
    def kind(self) -> str:
        """The error's type on the wire: the class's name, with the suffix that all of them carry."""
        return f"{type(self).__name__}Exception"


class AliasExists(Refusal):
    """An address that another account signs in with."""


class CodeMismatch(Refusal):
    """A code that is not the one that was asked for."""


class EnableSoftwareTokenMFA(Refusal):
    """An authenticator app's first code is wrong."""


class ExpiredCode(Refusal):
    """A code that was used or is too old."""


class GroupExists(Refusal):
    """The pool has a group of this name."""


class IncompleteSignature(Refusal):
    """The Authorization header is not a whole signature."""


class InternalError(Refusal):
    """The service's own fault."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


class InvalidOAuthFlow(Refusal):
    """An OAuth flow that this client cannot have."""


class InvalidParameter(Refusal):
    """A parameter is missing, malformed or not allowed here."""


class InvalidPassword(Refusal):
    """A new password that breaks the pool's policy."""


class InvalidSignature(Refusal):
    """The signature is not the one that the sandbox calculates, or not for this time and place."""


class MissingAuthenticationToken(Refusal):
    """A signature is required and there is none."""


class NotAuthorized(Refusal):
    """Wrong password, wrong state, wrong token, wrong secret."""


class PasswordResetRequired(Refusal):
    """An administrator asked for a new password."""


class RefreshTokenReuse(Refusal):
    """A refresh token that rotation has replaced."""


class ResourceNotFound(Refusal):
    """No such pool or client."""


class ScopeDoesNotExist(Refusal):
    """A scope that no resource server of the pool has."""


class Serialization(Refusal):
    """The body is not a JSON object."""


class ServiceUnavailable(Refusal):
    """The service is not there for the moment."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class SoftwareTokenMFANotFound(Refusal):
    """The user has no authenticator app."""


class TooManyRequests(Refusal):
    """A quota is used up."""


class Unauthorized(Refusal):
    """This client may not do this to that token."""


class UnknownOperation(Refusal):
    """An operation that the service has and the sandbox has not."""


class UnrecognizedClient(Refusal):
    """The access key is unknown, or its session token is not the one it came with."""


class UnsupportedOperation(Refusal):
    """A flow or an option that the service has and the sandbox has not."""


class UnsupportedTokenType(Refusal):
    """Some other token where a refresh token belongs."""


class UnsupportedUserState(Refusal):
    """The user's state does not allow this."""


class UserNotConfirmed(Refusal):
    """The account was never confirmed."""


class UserNotFound(Refusal):
    """No such user, where existence is not hidden."""


class UsernameExists(Refusal):
    """The name is taken."""
