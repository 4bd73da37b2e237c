"""What a test's own look at a response can bring to light, without losing the sample.

Locust drops a request from its statistics when the `with` block around its response raises, and calls a response `ok`
that never came. A check like `if response.ok and response.json()["id"]` meets both as soon as a server falters.
"""

from __future__ import annotations

from types import TracebackType

from locust.contrib.fasthttp import ErrorResponse, ResponseContextManager
from locust.exception import InterruptTaskSet, RescheduleTask, ResponseError, StopUser

from harness.load.http.response import ApiResponseContext

_FLOW = (RescheduleTask, InterruptTaskSet, StopUser)
"""Exceptions by which a task ends early, and says nothing about the response."""


class _Caught(ResponseContextManager):
    """Reports the request also when the block raises: as failed, if it was the block's own error."""

    @property
    def ok(self) -> bool:
        """Whether there is an answer, and its status is less than 400."""
        return self.status_code > 0 and self.request_meta["exception"] is None and bool(super().ok)

    def __exit__(  # type: ignore[override]  # Locust's is untyped
        self, kind: type[BaseException] | None, raised: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        is_locusts = kind is None or self._manual_result is not None or isinstance(raised, ResponseError)
        if is_locusts:
            done: bool | None = super().__exit__(kind, raised, traceback)  # type: ignore[no-untyped-call]  # Locust's
            return done
        has_failed = self.request_meta["exception"] is not None
        if not has_failed and isinstance(raised, Exception) and not isinstance(raised, _FLOW):
            self.failure(f"the check raised {type(raised).__name__}")  # type: ignore[no-untyped-call]  # Locust's
        super().__exit__(None, None, None)  # type: ignore[no-untyped-call]  # Locust's
        return False


class CaughtResponse(_Caught, ApiResponseContext):
    """An answer in a `with` block."""


class CaughtLocustResponse(_Caught):
    """What Locust's own client brought, or nothing, in a `with` block."""


class NoResponse(ErrorResponse):
    """No answer."""

    ok = False

    @classmethod
    def of(cls, response: ErrorResponse) -> NoResponse:
        """Locust's stand-in for an answer that never came, but not `ok`."""
        silence = cls.__new__(cls)
        vars(silence).update(vars(response))
        return silence
