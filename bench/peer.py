"""What a peer is: a program that does a work against a server, however it likes."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.child import Child
from bench.contest import SETTLE_S, Contestant, Field, Measurement, Venue

WARM_REQUESTS = 200
START_TIMEOUT_S = 60.0
PLANS = Path(__file__).parent / "plans"


@dataclass(frozen=True, slots=True)
class Site:
    """What a peer needs to know. Programs get it as environment variables, see `variables`."""

    endpoint: str
    """Of Cognito and of the API: `http://127.0.0.1:<port>`, without a slash at the end."""
    region: str
    client_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    users: Path
    """CSV with the columns username and password."""
    folder: Path
    """The peer's own, to write to."""
    user_pool_id: str = ""
    """Where there is one."""
    clients: int = 20
    """How many logins or requests are under way at a time."""

    def variables(self) -> dict[str, str]:
        """The environment of a peer: nothing of the user's own but the path."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "BENCH_ENDPOINT": self.endpoint,
            "BENCH_REGION": self.region,
            "BENCH_CLIENT_ID": self.client_id,
            "BENCH_USER_POOL_ID": self.user_pool_id,
            "BENCH_USERS": str(self.users),
            "BENCH_CLIENTS": str(self.clients),
        }


@dataclass(frozen=True, slots=True)
class Peer:
    """A program and the work it does. A module in `bench/peers/` lists its own in PEERS."""

    name: str
    work: str
    """One of the WORK constants of `bench/works/`: what it is to be compared on."""
    command: Callable[[Site], Sequence[str]]
    note: str = ""
    """What a reader of the table has to know about how it does it."""
    executable: str = ""
    """What has to be on PATH; empty for what is in .venv anyway."""
    how_to_get: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it needs beside `Site.variables`."""
    warm_requests: int = WARM_REQUESTS
    """It has started when the server has seen this many; fewer for a slow one: the others stand still meanwhile."""
    good_exits: frozenset[int] = frozenset({0})
    """Exit codes that speak for work well done, when it is ended by SIGTERM."""
    faults: Callable[[Site, int], str] = lambda _site, _counted: ""
    """What was wrong with its work, from what it wrote; it is told how much the server counted in its rounds."""


def peers_for(work: str) -> list[Peer]:
    """Everybody who does this work, in the order of their modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent / "peers")]))
    known = [peer for name in names for peer in importlib.import_module(f"bench.peers.{name}").PEERS]
    return [peer for peer in known if peer.work == work]


@contextmanager
def running(peers: Sequence[Peer], site: Site, venue: Venue, count: Callable[[], int]) -> Iterator[Field]:
    """All peers that are installed, started one after the other and standing still.

    Args:
        peers: Who.
        site: What they are told; each gets a folder of its own below this one's.
        venue: Which core is theirs.
        count: The server's own count of the units it has answered.
    """
    ready = Field()
    with ExitStack() as stack:
        for number, peer in enumerate(peers):
            if peer.executable and not shutil.which(peer.executable):
                ready.absent[peer.name] = f"{peer.executable} is not on PATH; {peer.how_to_get}"
                continue
            its_site = replace(site, folder=site.folder / f"peer-{number}")
            environment = {**its_site.variables(), **peer.environment}
            command = peer.command(its_site)
            child = Child(command, core=venue.client_core, folder=its_site.folder, environment=environment)
            stack.callback(child.end)
            if fault := _warm_up(child, count, peer.warm_requests):
                child.end()
                ready.absent[peer.name] = fault
                continue
            child.freeze()
            ready.contestants.append(RunningPeer(peer, its_site, child, count))
        yield ready


class RunningPeer(Contestant):
    """A peer's process as a contestant: the server counts, the system says what it cost."""

    def __init__(self, peer: Peer, site: Site, child: Child, count: Callable[[], int]) -> None:
        self.name = peer.name
        self.note = peer.note
        self._peer = peer
        self._site = site
        self.child = child
        """Its process."""
        self._count = count
        self._counted = 0

    def turn(self, seconds: float) -> Measurement:
        """See Contestant."""
        measured = window(self.child, self.child, self._count, seconds)
        self._counted += measured.count
        return measured

    def finish(self) -> str:
        """See Contestant."""
        if self.child.has_ended:
            return f"it ended before its rounds did: {self.child.last_words}"
        code = self.child.end()
        if code not in self._peer.good_exits:
            return f"its exit code was {code}: {self.child.last_words}"
        return self._peer.faults(self._site, self._counted)


def window(driver: Child, subject: Child, count: Callable[[], int], seconds: float) -> Measurement:
    """Let `driver` run for a while, and measure what `subject` uses and what is counted meanwhile."""
    driver.thaw()
    time.sleep(SETTLE_S)
    counted, cpu_s, started_s = count(), subject.cpu_s(), time.monotonic()
    time.sleep(seconds)
    measured = Measurement(
        count=count() - counted,
        cpu_s=max(subject.cpu_s() - cpu_s, 1e-9),
        wall_s=time.monotonic() - started_s,
        rss_bytes=subject.rss_bytes(),
    )
    driver.freeze()
    return measured


def _warm_up(child: Child, count: Callable[[], int], requests: int) -> str:
    """Wait until it works; why it does not, or nothing."""
    first, deadline_s = count(), time.monotonic() + START_TIMEOUT_S
    while count() - first < requests:
        if child.has_ended:
            return f"it ended at once: {child.last_words}"
        if time.monotonic() > deadline_s:
            return f"it did no work within {START_TIMEOUT_S:g} s: {child.last_words}"
        time.sleep(0.1)
    return ""
