"""How large an answer may be and how long it may take, and what is raised beyond that."""

from __future__ import annotations

from typing import Final, NamedTuple

from geventhttpclient.response import HTTPParseError

MIB: Final = 1024 * 1024
MAX_HEAD_BYTES: Final = 300 * 1024
"""Head, interim answers and trailers of one answer: curl's limit for all header fields (MAX_HTTP_RESP_HEADER_SIZE)."""
MAX_ANSWER_BYTES: Final = 64 * MIB
"""Six times what API Gateway lets through (10 MB: "Quotas for configuring and running a REST API")."""
REQUEST_TIMEOUT_S: Final = 60.0
"""What k6 (`timeout`) and Gatling (`requestTimeout`) allow a request; API Gateway itself ends one after 29 s."""


class Limits(NamedTuple):
    """What an API's answer may cost a user."""

    max_answer_bytes: int = MAX_ANSWER_BYTES
    """The body, before and after its content coding is undone; of a redirection, the bodies of all answers together."""
    request_timeout_s: float = REQUEST_TIMEOUT_S
    """From the start of a request until its answer has come whole, redirects included, in seconds. With `stream=True`
    until its head has come: the rest is the caller's to read."""


class AnswerTooLargeError(HTTPParseError):
    """More came than an answer may have."""


class AnswerTooLateError(HTTPParseError):
    """An answer began, and did not end in time."""


class UnusableAnswerError(HTTPParseError):
    """A whole answer whose content cannot be used."""


class ContentCodingError(UnusableAnswerError):
    """The body is not what Content-Encoding says."""


class InvalidLocationError(UnusableAnswerError):
    """A redirect leads to no http or https address."""


def too_late() -> AnswerTooLateError:
    """The request's time is over, though there may be more to read."""
    return AnswerTooLateError("the answer did not end in time")


def invalid_location() -> InvalidLocationError:
    """The address is not told: it may hold a secret, and differ from answer to answer."""
    return InvalidLocationError("a redirect leads to no http or https address")


def too_large(most: int) -> AnswerTooLargeError:
    """The body exceeds the limit."""
    return AnswerTooLargeError(f"the body is larger than {most / MIB:g} MiB")
