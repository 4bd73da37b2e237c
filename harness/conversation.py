"""A login over a connection: drives a flow's calls over a channel and bears witness to every exchange."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import Final, NamedTuple, Protocol, TypeVar

from harness.clock import ClockWatch
from harness.cognito.flows import Flow
from harness.cognito.remedies import short
from harness.cognito.signing import AwsKeys, Signer
from harness.cognito.tokens import Tokens
from harness.cognito.wire import (
    CONTENT_TYPE,
    NO_AWS_KEYS,
    NO_REPLY,
    OFFLOAD,
    TARGET_PREFIX,
    USER_AGENT,
    Call,
)
from harness.errors import ConfigurationError, LoginError, TransportError
from harness.evidence.figures.generator_health import KeptConnections
from harness.evidence.figures.in_flight import InFlight
from harness.evidence.figures.sample import Sample, new_sample
from harness.outcome import Outcome, Reason
from harness.steady import STEADY
from harness.transport import Answer, Channel, Endpoint, Proxy

CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 30.0
FIRST_SERVER_FAULT: Final = int(HTTPStatus.INTERNAL_SERVER_ERROR)
"""From here on a proxy may have answered, by a clock of its own."""
_OK = Outcome.OK  # an enum's members cost a metaclass look-up each time they are named
_INITIAL = Reason.INITIAL  # the same
T = TypeVar("T")


class CutOff(NamedTuple):
    """An exchange that was ended from outside, because its user was stopped."""

    operation: str
    reason: Reason
    age_us: int
    """How long it had been open, in microseconds, from when its time began to count."""
    login_us: int
    """What the login had taken by then, this exchange included."""
    is_sent: bool
    """Whether the request had been sent; else it was still connecting."""


class Witness(Protocol):
    """Who keeps what happened."""

    def sample(self, sample: Sample, /) -> None:
        """Keep one exchange or login."""

    def cut_off(self, cut_off: CutOff, /) -> None:
        """Keep an exchange that will never be answered, because its user was stopped."""


class KeySource(Protocol):
    """Where AWS keys come from."""

    def current(self) -> AwsKeys:
        """Keys that are good now; the same object for as long as they do not change."""


class Cognito:
    """Where Cognito is and how it is spoken to; shared by every conversation of a process.

    Args:
        endpoint: The URL of `POST /`.
        region: Region of the signature.
        keys: AWS keys to sign with; None leaves calls unsigned.
        tls: The shared, verifying context; None for a plain http endpoint.
        proxy: The proxy to CONNECT through, if any.
        connect_timeout_s: For name resolution, TCP, proxy and TLS together, in seconds.
        read_timeout_s: How long no byte may come, in seconds.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        region: str,
        keys: KeySource | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
        now: Callable[[], float] = time.time,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._endpoint = endpoint
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._region = region
        self._keys = keys
        self._tls = tls
        self._proxy = proxy
        self._now = now
        self._heads: dict[str, bytes] = {}
        self._signed_with: AwsKeys | None = None
        self._signer: Signer | None = None

    @property
    def is_signing(self) -> bool:
        """Whether calls carry a SigV4 signature."""
        return self._keys is not None

    def open(self) -> Channel:
        """A channel of one's own; it connects when it is first used."""
        return Channel(
            self._endpoint,
            tls=self._tls,
            proxy=self._proxy,
            connect_timeout_s=self._connect_timeout_s,
            read_timeout_s=self._read_timeout_s,
        )

    def request(self, call: Call) -> bytes:
        """The call as the bytes of one HTTP request, signed when there are keys and the call is Cognito's own."""
        if call.headers:
            return self._foreign(call)
        head = self._heads.get(call.operation)
        if head is None:
            head = self._heads[call.operation] = self._head(call.operation)
        body = call.body
        if self._keys is None:
            return b"%b%d\r\n\r\n%b" % (head, len(body), body)
        keys = self._keys.current()
        if keys is not self._signed_with or self._signer is None:
            self._signer = Signer(keys, region=self._region, host=self._endpoint.host_header, path=self._endpoint.path)
            self._signed_with = keys
        signature = self._signer.sign(TARGET_PREFIX + call.operation, body, self._now())
        return b"%b%d\r\n%b\r\n%b" % (head, len(body), signature, body)

    def _foreign(self, call: Call) -> bytes:
        """A call to another endpoint than Cognito's, which brings its own header fields."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in call.headers)
        return (
            f"POST {self._endpoint.path} HTTP/1.1\r\n"
            f"Host: {self._endpoint.host_header}\r\n"
            f"{fields}"
            f"Content-Length: {len(call.body)}\r\n\r\n"
        ).encode("latin-1") + call.body

    def _head(self, operation: str) -> bytes:
        return (
            f"POST {self._endpoint.path} HTTP/1.1\r\n"
            f"Host: {self._endpoint.host_header}\r\n"
            f"Content-Type: {CONTENT_TYPE}\r\n"
            f"X-Amz-Target: {TARGET_PREFIX}{operation}\r\n"
            f"X-Amz-User-Agent: {USER_AGENT}\r\n"
            "Content-Length: "
        ).encode("latin-1")


def run_here(work: Callable[[], T]) -> T:
    """Run costly work where we are: for a caller with no event loop to keep free."""
    return work()


class Conversation:
    """One client's conversations with Cognito, one after the other, over one channel.

    Args:
        cognito: Where Cognito is.
        witness: Gets a sample for each exchange and one for each login.
        keeps_connection: Whether the channel stays open between logins (a returning client) or is made anew.
        offload: Runs heavy arithmetic off the event loop, where there is one.
        wait: Sleeps for so many seconds, until a code is good; in no sample.
        clock: Shown the Date of an answer now and then; conversations of a process share it.
        in_flight: Has each exchange for as long as it is open; conversations of a process share it.
        kept: Told whether logins find their connection open; conversations of a process share it.
    """

    def __init__(
        self,
        cognito: Cognito,
        witness: Witness,
        *,
        keeps_connection: bool = True,
        offload: Callable[[Callable[[], Call]], Call] = run_here,
        wait: Callable[[float], None] = time.sleep,
        clock: ClockWatch | None = None,
        in_flight: InFlight | None = None,
        kept: KeptConnections | None = None,
    ) -> None:
        self._cognito = cognito
        self._open = (in_flight or InFlight()).exchanges
        self._witness = witness
        self._clock = clock
        self._keeps_connection = keeps_connection
        self._offload = offload
        self._wait = wait
        self.arithmetic_ns = 0
        """What the logins' own arithmetic has taken so far; it is in no sample."""
        self._channel = cognito.open()
        self._kept = KeptConnections() if kept is None else kept
        self._is_kept = False
        """Whether the next login is to find the channel's connection open."""

    def run(self, flow: Flow, reason: Reason) -> Tokens:
        """The tokens that `flow` ends with.

        One sample for each exchange, and one for the login as a whole: its time is the sum of its exchanges, so
        neither our own arithmetic nor any waiting is in it.

        Raises:
            LoginError: Refused, challenged, throttled, malformed, or no answer (outcome `transport_error`).
        """
        tally = _LoginRecord(self._witness, reason)
        was_kept = self._is_kept
        try:
            call = next(flow)
            while True:
                if call is OFFLOAD:
                    call = self._offload(lambda: self._reckon(flow))
                    continue
                answer = self._exchange(call, tally)
                call = flow.send(answer)
                tally.exchange_ended(_OK, "", call.makes_good)
        except StopIteration as end:
            tally.exchange_ended(_OK, "")
            tally.login_ended(_OK, "")
            tokens: Tokens = end.value
            return tokens
        except LoginError as error:
            outcome = Outcome(error.outcome)
            text = short(error.kind, error.message)
            tally.exchange_ended(outcome, text)
            tally.login_ended(outcome, text)
            raise
        finally:
            if was_kept and reason is _INITIAL:
                self._kept.logins += 1
                if tally.connect_us:
                    self._kept.reopened += 1
            if not self._keeps_connection:
                self._channel.close()

    def close(self) -> None:
        """Close the channel; a later `run` opens it again."""
        self._is_kept = False
        self._channel.close()

    def _reckon(self, flow: Flow) -> Call:
        started_ns = time.perf_counter_ns()
        call = flow.send(NO_REPLY)
        self.arithmetic_ns += time.perf_counter_ns() - started_ns
        return call

    def _exchange(self, call: Call, tally: _LoginRecord) -> Answer:
        if call.not_before_s:
            delay_s = call.not_before_s - time.time()
            if delay_s > 0:
                self._wait(delay_s)
        try:
            request = self._cognito.request(call)
        except ConfigurationError as error:  # keys that were good when the run began and could not be renewed
            fault = error.problems[0]
            raise LoginError(NO_AWS_KEYS, fault.message, outcome=Outcome.TRANSPORT_ERROR, hint=fault.hint) from error
        started_ns = time.perf_counter_ns()
        self._open[started_ns] = call.operation, tally
        try:
            answer = self._channel.exchange(request)
        except TransportError as error:
            self._is_kept = False
            tally.broke(call.operation, len(request), time.perf_counter_ns() - started_ns)
            raise LoginError(type(error).__name__, error.message, outcome=Outcome.TRANSPORT_ERROR) from error
        except BaseException:  # GreenletExit: Locust stops this user
            age_us = (time.perf_counter_ns() - started_ns) // 1000
            is_sent = self._channel.is_awaiting_reply
            self._witness.cut_off(CutOff(call.operation, tally.reason, age_us, tally.elapsed_us + age_us, is_sent))
            raise
        finally:
            self._open.pop(started_ns, None)
        self._is_kept = self._keeps_connection
        tally.answered(call.operation, len(request), answer)
        clock = self._clock
        if clock is not None and answer.started_ns >= clock.due_ns and answer.status < FIRST_SERVER_FAULT:
            clock.look(answer.headers.get("date", ""), answer.started_ns, answer.total_ns - answer.connect_ns)
        return answer


class _LoginRecord:
    """What one login's exchanges add up to."""

    __slots__ = (
        "_answer",
        "_answered_s",
        "_exchanges",
        "_first_byte_us",
        "_operation",
        "_received_bytes",
        "_request_bytes",
        "_sent_bytes",
        "_started_s",
        "_status",
        "_tls_us",
        "_witness",
        "connect_us",
        "elapsed_us",
        "reason",
    )

    def __init__(self, witness: Witness, reason: Reason) -> None:
        self._witness = witness
        self.reason = reason
        self._started_s = monotonic() + STEADY.offset_s
        self.elapsed_us = self.connect_us = self._first_byte_us = self._tls_us = 0
        self._exchanges = self._request_bytes = self._sent_bytes = self._received_bytes = self._status = 0
        self._answer: Answer | None = None
        self._answered_s = 0.0
        self._operation = ""

    def answered(self, operation: str, request_bytes: int, answer: Answer) -> None:
        """An answer is here; what it means is known when the flow has read it."""
        self._answered_s = monotonic() + STEADY.offset_s
        self._operation = operation
        self._request_bytes = request_bytes
        self._sent_bytes += request_bytes
        self._answer = answer

    def broke(self, operation: str, request_bytes: int, elapsed_ns: int) -> None:
        """No answer came."""
        self.answered(operation, request_bytes, Answer(0, {}, b"", 0, 0, 0, elapsed_ns, reused=False))

    def exchange_ended(self, outcome: Outcome, error: str, name: str = "") -> None:
        """The flow has read the answer: the exchange becomes a sample, named after its operation or as given."""
        answer = self._answer
        if answer is None:
            return
        self._answer = None
        elapsed_us, connect_us, first_byte_us = answer.total_ns // 1000, 0, answer.first_byte_ns // 1000
        tls_us = 0
        if not answer.reused:
            connect_us, tls_us = answer.connect_ns // 1000, answer.tls_ns // 1000
            self.connect_us += connect_us
            self._tls_us += tls_us
        if not self._exchanges:
            self._first_byte_us = first_byte_us
        self._exchanges += 1
        self.elapsed_us += elapsed_us
        size = len(answer.body)
        self._received_bytes += size
        self._status = answer.status
        unread_us = answer.unread_ns // 1000
        self._witness.sample(
            new_sample(
                Sample,
                "exchange",
                name or self._operation,
                outcome,
                self._answered_s - (elapsed_us + unread_us) / 1e6,
                elapsed_us,
                connect_us,
                first_byte_us,
                self.reason,
                error,
                size,
                self._request_bytes,
                answer.status,
                tls_us,
                0,
                unread_us,
            )
        )

    def login_ended(self, outcome: Outcome, error: str) -> None:
        """The whole conversation becomes a sample."""
        self._witness.sample(
            new_sample(
                Sample,
                "login",
                "login",
                outcome,
                self._started_s,
                self.elapsed_us,
                self.connect_us,
                self._first_byte_us,
                self.reason,
                error,
                self._received_bytes,
                self._sent_bytes,
                self._status,
                self._tls_us,
                self._exchanges,
            )
        )
