"""What can become of an exchange, and why a login happened."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What became of an exchange, a login or an API request."""

    OK = "ok"
    THROTTLED = "throttled"
    """A quota was hit: TooManyRequestsException, LimitExceededException, or HTTP 429."""
    REJECTED = "rejected"
    """Credentials, flow, client or user state: asking again changes nothing."""
    CHALLENGED = "challenged"
    """Cognito asked for something that is not configured (MFA, a new password)."""
    HTTP_ERROR = "http_error"
    """An API answered 4xx."""
    SERVER_ERROR = "server_error"
    """5xx from Cognito or from an API."""
    TRANSPORT_ERROR = "transport_error"
    """No complete answer: connect, TLS, timeout, reset."""
    MALFORMED = "malformed"
    """A complete answer that is not what the protocol promises: no JSON, no token, an HTML page."""
    FAILED_CHECK = "failed_check"
    """The user's own `response.failure()`."""

    @property
    def is_failure(self) -> bool:
        """Whether this counts against a fail rate."""
        return self is not Outcome.OK


class Reason(StrEnum):
    """Why a login happened."""

    INITIAL = "initial"
    """The session had no token yet."""
    REFRESH = "refresh"
    """The token neared its expiry and a refresh token was used."""
    EXPIRED = "expired"
    """The token neared its expiry and there was no (good) refresh token: a full login."""
    FORCED = "forced"
    """An API refused the token."""
