"""Defects of Locust 2.47 and geventhttpclient 2.6 that corrupt measurements or waste time, each with its guard.

Applied once, when the plugin is installed. The versions are pinned in pyproject.toml; look at each guard again when
one of them moves. What needs no patch is guarded where it belongs: users log in lazily, because an exception in
`on_start` kills a user for good; options are strings, because others break the messages to workers; the verdict sets
the exit code, because Locust exits 0 after measuring nothing.
"""

from __future__ import annotations

import functools
import inspect
import ssl
import sys
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable
from select import POLLIN
from types import SimpleNamespace
from typing import Final

import gevent
import gevent.monkey
import gevent.ssl
import locust.runners
import locust.stats
import locust.util.cache
from geventhttpclient import connectionpool
from locust import argument_parser
from locust.argument_parser import LocustArgumentParser, timespan
from locust.stats import CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW, RequestStats, StatsEntry

from harness.steady import SteadyClock

SNAPSHOTS: Final = CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW + 10
"""How many seconds Locust looks back for its current percentiles, at most."""
KEPT_S: Final = 60
"""Five times what Locust's current rates look back."""
_CLOCK: Final = SteadyClock()
"""For Locust's own purposes; not that of a run, which is set by the system's before each."""
ALIVE_CHECK: Final = "_is_socket_alive"
_TOO_MANY: Final = 1 << 32
"""For a count of four bytes."""
_ALIVE: Final = 0
"""poll() reports nothing on an idle connection that is still good."""
_poll: Final = gevent.monkey.get_original("select", "poll")
"""The operating system's own: gevent's asks its event loop, which costs 24 instead of 1.5 µs and lets other users run
within this user's timed request."""


def apply() -> None:
    """Put every guard in place; doing it twice changes nothing."""
    keep_connections_alive_beyond_1024()
    build_the_option_parser_once()
    count_each_request_once()
    keep_response_times_compactly()
    let_the_clock_be_set()


def read_long_durations(parser: LocustArgumentParser) -> None:
    """Read a duration of any length, so that it can be a fault beside others; Locust ends in a traceback."""

    def duration(text: str) -> int:
        try:
            return timespan(text)
        except OverflowError:
            return sys.maxsize

    for action in parser._actions:  # noqa: SLF001  # argparse has no public list
        if action.type is timespan:
            action.type = duration


def keep_connections_alive_beyond_1024() -> None:
    """Ask poll(), not select(), whether an idle connection is still good.

    select() refuses file descriptors from 1024 on, and the pool takes its ValueError for a dead connection: with
    1,500 users, every request of the users beyond the limit reconnected.
    """
    setattr(connectionpool.ConnectionPool, ALIVE_CHECK, _is_socket_alive)


def build_the_option_parser_once() -> None:
    """Remember Locust's default options.

    A worker asks for them once per option in every spawn message, and each call builds the whole parser: workers
    stood still for 80 to 110 ms about once a second while users were spawned.
    """
    if not hasattr(argument_parser.default_args_dict, "cache_info"):
        argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)


def count_each_request_once() -> None:
    """Let Locust's statistics look at the clock once per request, and find its bucket once.

    They do it for the request's own row, and all over again for the row of all requests: 3.3 µs of each request, and
    2.4 with this guard. What the rows hold is the same.
    """
    setattr(RequestStats, "log_request", _log_request)  # noqa: B010  # mypy lets nobody assign to a method


def keep_response_times_compactly() -> None:
    """Keep what Locust's current percentiles are computed from in a sixth of the memory.

    Each second, each row copies its dictionary of response times, and 20 copies stay. Locust tells 280 response times
    below ten seconds apart: with all of them a row keeps 190 kB, and 31 with this guard. Errors and stalls bring new
    response times, and each makes all copies larger.
    """
    setattr(StatsEntry, "_cache_response_times", _keep_response_times)  # noqa: B010  # mypy lets nobody assign to it


def let_the_clock_be_set() -> None:
    """Give Locust's runners and statistics a clock that goes on when somebody sets the system's.

    Set back, it makes workers discard the messages that spawn users, as older than the last one, and its rates count
    the same seconds twice, and the web UI shows what it has for as long. Set forward by a minute, it makes workers end,
    since they take their master for silent.
    """
    steady = SimpleNamespace(**{**vars(time), "time": _CLOCK.now_s})
    for module in (locust.runners, locust.stats):
        setattr(module, "time", steady)  # noqa: B010  # mypy lets nobody replace a module
    setattr(locust.util.cache, "time", _CLOCK.now_s)  # noqa: B010  # the same


def look_at_the_stack_early() -> None:
    """Pay for Locust's first look at the call stack before anything is measured.

    `Runner.stop` asks who called it, and the first such question reads the source files of the whole stack: 25 to
    150 ms in which the answers in flight at the end of a run wait to be stamped.
    """
    inspect.stack()


def tell_the_loop_the_time() -> None:
    """Let timers that are set from now on count from now.

    libev counts a timer from the time at which the loop last turned (its manual, `ev_now_update`). Locust sets the
    timer of --run-time after a start that has kept the loop busy for seconds, and so ends a run as many seconds early.
    """
    gevent.get_hub().loop.update_now()


def forget_old_seconds(stats: RequestStats, now_s: float) -> None:
    """Drop the counts per second that Locust's tables ask for no more.

    Each name has two dictionaries with an entry for each second, from which Locust takes the last twelve. It never
    drops any: a day of one name is 5.4 MB of them, of 100 names half a gigabyte.
    """
    before_s = now_s - KEPT_S
    for entry in (stats.total, *stats.entries.values()):
        for per_second in (entry.num_reqs_per_sec, entry.num_fail_per_sec):
            for second in [second for second in per_second if second < before_s]:
                del per_second[second]


def shared_context_factory(context: ssl.SSLContext) -> Callable[..., ssl.SSLContext]:
    """A factory that gives every user the same TLS context.

    Locust's users load the CA bundle each, inside their first timed request (about 20 ms of CPU).
    The pool calls a factory with or without `cafile`.
    """

    def factory(cafile: str | None = None) -> ssl.SSLContext:  # noqa: ARG001  # the pool's signature
        return context

    return factory


def unverified_context() -> ssl.SSLContext:
    """A context for users whose class says `insecure = True`."""
    context: ssl.SSLContext = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _log_request(stats: RequestStats, method: str, name: str, response_time: float | None, content_length: int) -> None:
    now_s = time.monotonic() + _CLOCK.offset_s
    second = int(now_s)
    bucket = None if response_time is None else locust.stats.bucket_response_time(response_time)  # users may replace it
    for row in (stats.total, stats.entries[name, method]):
        last_s = row.last_request_timestamp
        if last_s and second > int(last_s) and row.use_response_times_cache:
            row._cache_response_times(second - 1)  # noqa: SLF001  # as Locust's own
        row.num_requests += 1
        row.num_reqs_per_sec[second] += 1
        row.last_request_timestamp = now_s
        row.total_content_length += content_length
        if response_time is None or bucket is None:
            row.num_none_requests += 1
            continue
        row.total_response_time += response_time  # type: ignore[assignment]  # Locust says int, and adds floats
        row.response_times[bucket] += 1
        if row.min_response_time is None or response_time < row.min_response_time:
            row.min_response_time = response_time  # type: ignore[assignment]  # the same
        if response_time > row.max_response_time:  # noqa: PLR1730  # max() costs a call, and this is the hot path
            row.max_response_time = response_time  # type: ignore[assignment]  # the same


class ResponseTimes:
    """What a row of Locust's statistics had counted at one moment; to Locust, a `CachedResponseTimes`.

    Args:
        row: Of Locust's statistics. It never takes a response time out of its dictionary, which keeps their order.
    """

    __slots__ = ("_counts", "_of", "num_none_requests", "num_requests")

    def __init__(self, row: StatsEntry) -> None:
        self.num_requests = row.num_requests
        self.num_none_requests = row.num_none_requests
        self._of = row.response_times
        self._counts = array("I" if row.num_requests < _TOO_MANY else "Q", list(row.response_times.values()))

    @property
    def response_times(self) -> dict[int, int]:
        """How many requests had taken each response time, in milliseconds as Locust rounds them."""
        return dict(zip(self._of, self._counts, strict=False))


def _keep_response_times(row: StatsEntry, second: int) -> None:
    if row.response_times_cache is None:
        row.response_times_cache = OrderedDict()
    row.response_times_cache[second] = ResponseTimes(row)  # type: ignore[assignment]  # Locust's has the same members
    while len(row.response_times_cache) > SNAPSHOTS:
        row.response_times_cache.popitem(last=False)


def _is_socket_alive(_pool: object, sock: gevent.socket.socket | None) -> bool:
    if sock is None or sock.fileno() < 0:
        return False
    poller = _poll()
    try:
        poller.register(sock, POLLIN)
        return len(poller.poll(0)) == _ALIVE
    except (OSError, ValueError):
        return False
