"""What became of an API request, read from Locust's request event."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from locust.contrib.fasthttp import FAILURE_EXCEPTIONS
from locust.exception import CatchResponseError, ResponseError

from harness.evidence.sample import Sample
from harness.outcome import Outcome

MAX_ERROR_CHARS: Final = 200


def request_sample(
    request_type: str,
    outcome: Outcome,
    *,
    name: str,
    response_time: float | None,
    response_length: int | None,
    start_time: float = 0.0,
    exception: BaseException | str | None = None,
    response: Any = None,  # noqa: ANN401  # any client's response
    **_: object,
) -> Sample:
    """The sample of one API request; its name is method and name, as `GET /orders`."""
    status = getattr(response, "status_code", 0) or 0
    error = _error_text(exception, status) if exception and outcome is not Outcome.OK else ""
    return Sample(
        "request",
        f"{request_type} {name}",
        outcome,
        start_time,
        round((response_time or 0.0) * 1000),
        error=error,
        received_bytes=response_length or 0,
    )


def outcome_of_request(
    *,
    exception: BaseException | str | None = None,
    response: Any = None,  # noqa: ANN401  # any client's response
    **_: object,
) -> Outcome:
    """What became of a request: the user's own verdict first, then the status code, then the lack of one."""
    if not exception:
        return Outcome.OK
    status = getattr(response, "status_code", 0) or 0
    if _is_own_check(exception, status):
        return Outcome.FAILED_CHECK
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome.THROTTLED
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Outcome.SERVER_ERROR
    if status >= HTTPStatus.BAD_REQUEST:
        return Outcome.HTTP_ERROR
    return Outcome.TRANSPORT_ERROR  # also after a status: the body broke off


def _is_own_check(exception: BaseException | str, status: int) -> bool:
    """Whether the user said so: by text, or, once there was an answer, by an exception that no HTTP client raises."""
    if isinstance(exception, CatchResponseError | ResponseError | str):
        return True
    return bool(status) and not isinstance(exception, FAILURE_EXCEPTIONS)


def _error_text(exception: BaseException | str, status: int) -> str:
    """Short, and the same for everybody who meets it; a bad status is never Locust's text, which quotes the request."""
    if _is_own_check(exception, status):
        return (str(exception) or type(exception).__name__)[:MAX_ERROR_CHARS]
    if status >= HTTPStatus.BAD_REQUEST:
        return f"HTTP {status}"
    kind = type(exception).__name__
    detail = str(exception) if isinstance(exception, OSError | ValueError) else ""
    return f"{kind}: {detail}"[:MAX_ERROR_CHARS] if detail else kind
