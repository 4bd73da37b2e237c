"""Each guard against a defect of Locust or geventhttpclient, next to the defect itself."""

from __future__ import annotations

import fcntl
import importlib.util
import resource
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace

import gevent
import gevent.ssl
import locust.runners
import locust.stats
import locust.util.cache
import pytest
from geventhttpclient import connectionpool
from geventhttpclient.connectionpool import SSLConnectionPool
from hypothesis import given
from hypothesis import strategies as st
from locust import FastHttpUser, argument_parser
from locust.stats import RequestStats, StatsEntry

from harness.load import CognitoApiUser
from harness.load.locust_fixes import patches

HIGH_FD = 1500
"""Beyond what select() can take (FD_SETSIZE is 1024)."""


def test_seconds_that_nobody_asks_for_are_forgotten_and_rates_stay() -> None:
    """Locust keeps one count for each second and name; its rates look back twelve seconds."""
    stats = RequestStats()
    now_s = int(time.time())
    for second in range(now_s - 500, now_s):
        for entry in (stats.total, stats.get("/orders", "GET")):
            entry.num_reqs_per_sec[second] = 3
            entry.num_fail_per_sec[second] = 1
    stats.total.last_request_timestamp = stats.total.start_time = now_s
    stats.total.start_time = now_s - 500
    before = (stats.total.current_rps, stats.total.current_fail_per_sec)
    patches.forget_old_seconds(stats, now_s)
    assert (stats.total.current_rps, stats.total.current_fail_per_sec) == before
    assert before[0] > 0
    sizes = {
        len(kept)
        for entry in (stats.total, stats.get("/orders", "GET"))
        for kept in (entry.num_reqs_per_sec, entry.num_fail_per_sec)
    }
    assert sizes == {patches.KEPT_S}


def as_shipped(name: str) -> ModuleType:
    """A module of its own, that nobody has laid hands on."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOCUSTS_OWN = as_shipped("locust.stats")


def rows_of(stats: RequestStats) -> list[dict[str, object]]:
    """Everything that the statistics hold, and the percentiles of the last ten seconds."""
    return [
        {
            **{name: value for name, value in vars(row).items() if name not in {"stats", "start_time"}},
            "response_times_cache": [
                (second, cached.response_times, cached.num_requests, cached.num_none_requests)
                for second, cached in (row.response_times_cache or {}).items()
            ],
            "percentiles": [row.get_current_response_time_percentile(share) for share in (0.5, 0.95, 1.0)],
        }
        for row in (stats.total, *stats.entries.values())
    ]


requests = st.tuples(
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["/orders", "/me"]),
    st.none() | st.floats(0, 200_000, allow_nan=False) | st.integers(0, 90),
    st.integers(0, 5_000),
    st.sampled_from([0.0, 0.01, 0.6, 1.0, 2.5, 40.0]),
)


@given(st.lists(requests, max_size=40))
def test_a_request_is_reckoned_once_and_all_rows_are_as_locust_makes_them(
    requests: list[tuple[str, str, float | None, int, float]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now_s)
        patch.setattr(time, "monotonic", lambda: now_s)
        patch.setattr(patches, "_CLOCK", SimpleNamespace(offset_s=0.0))
        patch.setattr(StatsEntry, "_cache_response_times", patches._keep_response_times)
        now_s = 1_000.0
        theirs, ours = LOCUSTS_OWN.RequestStats(), RequestStats()
        for method, name, response_time, size, pause_s in requests:
            now_s += pause_s
            theirs.log_request(method, name, response_time, size)
            patches._log_request(ours, method, name, response_time, size)
        assert rows_of(ours) == rows_of(theirs)


def test_what_current_percentiles_are_reckoned_from_is_a_fraction_of_what_locust_keeps() -> None:
    """Each row keeps 20 copies of its dictionary: every new response time makes all of them larger."""

    def kept(module: ModuleType) -> int:
        """In bytes, after so many seconds in which each response time below ten seconds came."""
        row = module.StatsEntry(module.RequestStats(), "/orders", "GET", use_response_times_cache=True)
        row.response_times.update(dict.fromkeys({module.bucket_response_time(ms) for ms in range(10_000)}, 70_000))
        tracemalloc.start()
        try:
            for second in range(100):
                row._cache_response_times(second)
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    patches.keep_response_times_compactly()
    assert kept(locust.stats) < kept(LOCUSTS_OWN) / 5


def test_what_current_percentiles_are_reckoned_from_holds_counts_of_any_size() -> None:
    row = StatsEntry(RequestStats(), "/orders", "GET", use_response_times_cache=True)
    row.num_requests = row.response_times[7] = 1 << 32
    patches._keep_response_times(row, 1)
    assert row.response_times_cache is not None
    assert row.response_times_cache[1].response_times == {7: 1 << 32}


def test_a_bucket_of_the_users_own_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust's documentation says how to replace it."""
    patches.apply()
    monkeypatch.setattr(locust.stats, "bucket_response_time", lambda _: 7)
    stats = RequestStats()
    stats.log_request("GET", "/orders", 123.4, 10)
    assert (stats.total.response_times, stats.get("/orders", "GET").response_times) == ({7: 1}, {7: 1})


def test_locusts_own_clock_goes_on_when_the_systems_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else workers discard what spawns users, or end because they take their master for silent."""
    patches.apply()
    before_s = time.time()
    monkeypatch.setattr(time, "time", lambda: before_s + 3_600.0)
    for module in (locust.runners, locust.stats):
        assert before_s - 1.0 < module.time.time() < before_s + 600.0
        assert module.time.perf_counter is time.perf_counter
    assert before_s - 1.0 < locust.util.cache.time() < before_s + 600.0, "or the web UI's page stands still"


@pytest.fixture
def original() -> ModuleType:
    """The connection pool as geventhttpclient ships it, whatever has been guarded in this process."""
    return as_shipped("geventhttpclient.connectionpool")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def high(pair: tuple[socket.socket, socket.socket]) -> Iterator[socket.socket]:
    """An idle connection whose file descriptor is one of a process with 1,500 users."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard <= HIGH_FD + 10:
        pytest.skip(f"this system allows {hard} open files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, HIGH_FD + 10), hard))
    duplicate = socket.socket(fileno=fcntl.fcntl(pair[0].fileno(), fcntl.F_DUPFD, HIGH_FD))
    yield duplicate
    duplicate.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], bool]:
    """The pool's check with the guard in place, for this test only."""
    pool = connectionpool.ConnectionPool
    monkeypatch.setattr(pool, patches.ALIVE_CHECK, getattr(pool, patches.ALIVE_CHECK))
    patches.keep_connections_alive_beyond_1024()
    return lambda sock: getattr(pool, patches.ALIVE_CHECK)(SimpleNamespace(), sock)


class TestAliveCheck:
    def test_without_the_guard_a_high_descriptor_is_taken_for_a_dead_connection(
        self, original: ModuleType, high: socket.socket
    ) -> None:
        """When this fails, geventhttpclient has mended it: the guard can go."""
        assert high.fileno() >= HIGH_FD
        assert not original.ConnectionPool._is_socket_alive(SimpleNamespace(), high)

    def test_with_it_a_high_descriptor_is_alive(self, guarded: Callable[[object], bool], high: socket.socket) -> None:
        assert guarded(high)

    def test_an_idle_connection_is_alive(
        self, guarded: Callable[[object], bool], pair: tuple[socket.socket, socket.socket]
    ) -> None:
        assert guarded(pair[0])

    def test_a_connection_that_the_server_closed_is_dead(
        self, guarded: Callable[[object], bool], pair: tuple[socket.socket, socket.socket]
    ) -> None:
        pair[1].close()
        assert not guarded(pair[0])

    def test_a_connection_with_bytes_that_nobody_asked_for_is_dead(
        self, guarded: Callable[[object], bool], pair: tuple[socket.socket, socket.socket]
    ) -> None:
        pair[1].send(b"x")
        assert not guarded(pair[0])

    def test_a_closed_socket_is_dead(
        self, guarded: Callable[[object], bool], pair: tuple[socket.socket, socket.socket]
    ) -> None:
        pair[0].close()
        assert not guarded(pair[0])
        assert not guarded(None)

    def test_a_socket_that_is_closed_while_it_is_looked_at_is_dead(self, guarded: Callable[[object], bool]) -> None:
        numbers = iter([3, -1])
        assert not guarded(SimpleNamespace(fileno=lambda: next(numbers)))

    def test_in_a_patched_process_the_systems_own_poll_is_asked(self) -> None:
        """The one of gevent would run other users within a timed request."""
        script = (
            "import locust, select, gevent.monkey; from harness.load.locust_fixes import patches;"
            "assert gevent.monkey.is_module_patched('select');"
            "assert patches._poll is not select.poll; assert patches._poll.__module__ == 'select'"
        )
        subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


class TestOptionParser:
    @pytest.fixture
    def built(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Counts how often Locust builds its parser, which takes 5 ms each time; the guard is off at first."""
        built: list[int] = []
        build = argument_parser.get_empty_argument_parser
        plain = getattr(argument_parser.default_args_dict, "__wrapped__", argument_parser.default_args_dict)
        monkeypatch.setattr(argument_parser, "default_args_dict", plain)
        monkeypatch.setattr(
            argument_parser, "get_empty_argument_parser", lambda *args, **kw: built.append(1) or build(*args, **kw)
        )
        return built

    def test_without_the_guard_it_is_built_for_each_option_of_a_spawn_message(self, built: list[int]) -> None:
        """When this fails, Locust has mended it: the guard can go."""
        for _ in range(3):
            argument_parser.default_args_dict()
        assert len(built) == 3

    def test_with_it_once(self, built: list[int]) -> None:
        patches.build_the_option_parser_once()
        patches.build_the_option_parser_once()
        answers = [argument_parser.default_args_dict() for _ in range(3)]
        assert len(built) == 1
        assert "num_users" in answers[0]


class TestTls:
    def pool(self, **options: object) -> SSLConnectionPool:
        return SSLConnectionPool("127.0.0.1", 443, "127.0.0.1", 443, **options)

    def test_without_the_guard_every_user_loads_the_authorities_anew(self) -> None:
        first, second = (self.pool(ssl_context_factory=gevent.ssl.create_default_context) for _ in range(2))
        assert first.ssl_context is not second.ssl_context

    def test_with_it_all_users_share_one_context_that_verifies(self) -> None:
        context = gevent.ssl.create_default_context()
        factory = patches.shared_context_factory(context)
        first, second = (self.pool(ssl_context_factory=factory) for _ in range(2))

        assert first.ssl_context is second.ssl_context is context
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname

    def test_a_class_that_says_insecure_gets_a_context_that_does_not(self) -> None:
        context = patches.unverified_context()
        pool = self.pool(ssl_context_factory=patches.shared_context_factory(context), insecure=True)

        assert pool.ssl_context is context
        assert context.verify_mode == ssl.CERT_NONE
        assert not context.check_hostname

    def test_users_verify_by_default_though_locusts_do_not(self) -> None:
        assert FastHttpUser.insecure is True
        assert CognitoApiUser.insecure is False


def test_all_guards_are_put_in_place_together_and_twice_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = connectionpool.ConnectionPool
    monkeypatch.setattr(pool, patches.ALIVE_CHECK, None)
    monkeypatch.setattr(argument_parser, "default_args_dict", lambda: {"a": 1})
    monkeypatch.setattr(StatsEntry, "_cache_response_times", None)
    patches.apply()
    assert StatsEntry._cache_response_times is patches._keep_response_times
    first = getattr(pool, patches.ALIVE_CHECK), argument_parser.default_args_dict
    patches.apply()
    assert (getattr(pool, patches.ALIVE_CHECK), argument_parser.default_args_dict) == first
    assert None not in first
    assert argument_parser.default_args_dict() is argument_parser.default_args_dict()


def test_a_timer_set_after_a_busy_start_counts_from_when_it_is_set():
    """Locust's --run-time 5s ended a run after 3, because the start had taken 2."""
    gevent.sleep(0.001)  # the loop turns, and knows the time
    time.sleep(0.3)
    patches.tell_the_loop_the_time()
    set_at = time.monotonic()
    gevent.spawn_later(0.2, lambda: None).join()
    assert time.monotonic() - set_at >= 0.19
