"""What an API says about a request that it refuses, in words that are the same for every user who is told so."""

from __future__ import annotations

import re
from typing import Any, Final

from harness.cognito import remedies
from harness.cognito.tokens import claims

MOST_BODY_BYTES: Final = 512
"""API Gateway's own messages have less than 100."""
LONGEST_DESCRIPTION: Final = 80
_error: Final = re.compile(r"""\berror\s*=\s*"?(invalid_request|invalid_token|insufficient_scope)\b""").search
"""RFC 6750, section 3.1."""
_description: Final = re.compile(r"""\berror_description\s*=\s*"([^"]*)\"""").search
_amazons: Final = re.compile(r"([A-Za-z]{1,60}Exception)(?::|$)").match
"""The field x-amzn-errortype, as API Gateway and other AWS services send it."""
_message: Final = re.compile(rb'"[Mm]essage"\s*:\s*"([A-Za-z ]{1,60})"').search
_GATEWAY_SAYS: Final = frozenset(
    {
        "Endpoint request timed out",
        "Forbidden",
        "Limit Exceeded",
        "Missing Authentication Token",
        "Too Many Requests",
        "Unauthorized",
    }
)
"""API Gateway's messages that say more than the status, where x-amzn-errortype is missing (HTTP APIs, CloudFront)."""
_is_plain: Final = re.compile(r"[\w+.:/-]{1,128}").fullmatch


def reason(response: Any) -> str:  # noqa: ANN401  # any client's response
    """Why an API refused a request, as far as its answer says so; "" when it does not.

    Args:
        response: A response that failed by its status, of any client.
    """
    parts = [getattr(response, "refused_token", "")]
    headers = getattr(response, "headers", None)
    if headers is not None:
        challenge = _text(headers.get("www-authenticate"))
        if error := _error(challenge):
            parts.append(error[1])
        if description := _description(challenge):
            parts.append(remedies.impersonal(description[1])[:LONGEST_DESCRIPTION])
        if len(parts) == 1:
            found = _amazons(_text(headers.get("x-amzn-errortype")))
            parts.append(found[1] if found else _gateways(response))
    return ", ".join(filter(None, parts))


def refused_token(authorization: str, *, is_fresh: bool) -> str:
    """What token it was, by claims that are no secrets: `to a fresh access token of client …, pool …`."""
    article = "a fresh" if is_fresh else "an"
    try:
        said = claims(authorization.rpartition(" ")[2])
    except ValueError:
        return f"to {article} token" if is_fresh else "to a token"
    use = said.get("token_use")
    use = use if use in {"access", "id"} else ""
    client, pool = said.get("client_id") or said.get("aud"), str(said.get("iss", "")).rpartition("/")[2]
    text = f"to {article} {use} token" if use or is_fresh else "to a token"
    if isinstance(client, str) and _is_plain(client):
        text += f" of client {client}"
        if _is_plain(pool):
            text += f", pool {pool}"
    return text


def _gateways(response: Any) -> str:  # noqa: ANN401  # as above
    try:
        body = response.content
    except Exception:  # noqa: BLE001  # any client's, and it only explains
        return ""
    if not isinstance(body, bytes) or len(body) > MOST_BODY_BYTES:
        return ""
    found = _message(body)
    text = found[1].decode() if found else ""
    return text if text in _GATEWAY_SAYS else ""


def _text(field: object) -> str:
    """A field's value; of several lines, the first."""
    value = field[0] if isinstance(field, list) and field else field
    return value if isinstance(value, str) else ""
