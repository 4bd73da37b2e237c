"""What became of an API request, read from Locust's request event."""

from __future__ import annotations

from typing import Any, Final

from geventhttpclient.response import HTTPParseError
from geventhttpclient.useragent import RetriesExceeded, UnsupportedRedirectSchemeError
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS
from locust.exception import CatchResponseError, ResponseError

from harness.evidence.figures.sample import Sample, new_sample
from harness.load import api_errors
from harness.load.http.limits import UnusableAnswerError
from harness.outcome import Outcome

MAX_ERROR_CHARS: Final = 200

# Plain numbers and names: looking up a member of an enum costs more than the comparison, once per request.
_OK: Final = Outcome.OK
_BAD_REQUEST: Final = 400
_TOO_MANY_REQUESTS: Final = 429
_INTERNAL_SERVER_ERROR: Final = 500


def request_sample(
    request_type: str,
    name: str,
    response_time: float | None,
    response_length: int | None,
    exception: BaseException | str | None = None,
    response: Any = None,  # noqa: ANN401  # any client's response
    start_time: float = 0.0,
    **_: object,
) -> Sample:
    """The sample of one API request, from the arguments of Locust's event; named by method and name: `GET /orders`."""
    elapsed_us = int((response_time or 0.0) * 1000 + 0.5)
    label = f"{request_type} {name}"
    status = getattr(response, "status_code", 0) or 0
    # Other clients' responses know none of these.
    connect_us = getattr(response, "connect_ns", 0) // 1000
    first_us = getattr(response, "first_byte_ns", 0) // 1000
    unread_us = getattr(response, "unread_ns", 0) // 1000
    size = response_length or 0
    outcome, error = (_outcome(exception, status), _error_text(exception, status, response)) if exception else (_OK, "")
    return new_sample(
        Sample,
        "request",
        label,
        outcome,
        start_time,
        elapsed_us,
        connect_us,
        first_us,
        None,
        error,
        size,
        0,
        status,
        0,
        0,
        unread_us,
    )


def _outcome(exception: BaseException | str, status: int) -> Outcome:
    """The user's own verdict first, then the status code, then the lack of one."""
    if _is_own_check(exception, status):
        return Outcome.FAILED_CHECK
    if status == _TOO_MANY_REQUESTS:
        return Outcome.THROTTLED
    if status >= _INTERNAL_SERVER_ERROR:
        return Outcome.SERVER_ERROR
    if status >= _BAD_REQUEST:
        return Outcome.HTTP_ERROR
    if isinstance(exception, UnusableAnswerError | UnsupportedRedirectSchemeError) or _is_loop(exception):
        return Outcome.MALFORMED
    return Outcome.TRANSPORT_ERROR  # also after a status: the body broke off


def _is_own_check(exception: BaseException | str, status: int) -> bool:
    """Whether the user said so: by text, or, once there was an answer, by an exception that no HTTP client raises."""
    if isinstance(exception, CatchResponseError | ResponseError | str):
        return True
    return bool(status) and not isinstance(exception, FAILURE_EXCEPTIONS)


def _error_text(exception: BaseException | str, status: int, response: Any) -> str:  # noqa: ANN401  # as above
    """Short, and the same for everybody who meets it; a bad status is never Locust's text, which quotes the request."""
    if _is_own_check(exception, status):
        return (str(exception) or type(exception).__name__)[:MAX_ERROR_CHARS]
    if status >= _BAD_REQUEST:
        said = api_errors.reason(response)
        return f"HTTP {status}: {said}"[:MAX_ERROR_CHARS] if said else f"HTTP {status}"
    if isinstance(exception, RetriesExceeded):
        if not _is_loop(exception):
            return _error_text(vars(exception)["original"], 0, None)
        detail = exception.text  # without the URL, which may hold a secret
    elif isinstance(exception, HTTPParseError):
        detail = str(exception.args[0]) if exception.args else ""
    else:
        detail = str(exception) if isinstance(exception, OSError | ValueError) else ""
    kind = type(exception).__name__
    return f"{kind}: {detail}"[:MAX_ERROR_CHARS] if detail else kind


def _is_loop(exception: BaseException | str) -> bool:
    """Whether it says that redirects did not end; otherwise such an error stands for another one, the `original`."""
    return isinstance(exception, RetriesExceeded) and not isinstance(vars(exception).get("original"), BaseException)
