"""What the leases cost the master: 100,000 rows to 100 workers, one user after the other.

    .venv/bin/python -m bench.leases
    .venv/bin/python -m bench.leases --rows 10000 --workers 10

Each worker's users come ten at a time, as a ramp brings them, and each takes a row; the real `LeaseServer` and the real
`LeasedRows` talk in messages packed as Locust packs them, without sockets. Measured are the processor time within the
server, packing and unpacking included, and the bytes in both directions.
Then each tenth worker is lost, and the others take its rows.
The exit code is 0 when the lease took 2 s and 1 MB at most.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import gevent
import msgpack

from bench import machine
from harness.load.leases import LeasedRows, LeaseServer, LeaseTable

RESULTS = Path(__file__).parent / "results"
MOST_S, MOST_BYTES = 2.0, 1_000_000
AT_A_TIME = 10
RUN_ID = "20260101-000000-abcd"
NODE_ID = "worker-host_0123456789abcdef0123456789abcdef"


class Exchange:
    """The master's desk, its workers' rows, and everything that passes between them."""

    def __init__(self, rows: int, workers: int) -> None:
        self.bytes = self.messages = 0
        self.master_s = 0.0
        self._to_master: deque[tuple[str, bytes]] = deque()
        self._to_workers: deque[tuple[str, bytes]] = deque()
        self._lease_server = LeaseServer(LeaseTable(rows, planned=rows, processes=workers), self._answer)
        self.names = [f"{NODE_ID[:-4]}{number:04}" for number in range(workers)]
        self.workers = {name: LeasedRows(self._asker(name)) for name in self.names}
        self.users: dict[str, list[gevent.Greenlet]] = {name: [] for name in self.names}
        for name in self.names:
            self._lease_server.join(name)
        self.settle()

    def spawn(self, name: str, count: int) -> None:
        """So many more users on this worker, each of whom takes a row."""
        self.users[name] += [gevent.spawn(self.workers[name].take) for _ in range(count)]

    def settle(self) -> None:
        """Everything that was sent arrives, and what is sent in answer."""
        while True:
            for _ in range(3):
                gevent.sleep(0)
            if not (self._to_master or self._to_workers):
                return
            began_s = time.process_time()
            while self._to_master:
                name, message = self._to_master.popleft()
                kind, data, _ = msgpack.loads(message)
                self._lease_server.receive(name, kind, data)
            self.master_s += time.process_time() - began_s
            while self._to_workers:
                name, message = self._to_workers.popleft()
                kind, data, _ = msgpack.loads(message)
                self.workers[name].receive(kind, {"elapsed_s": None, **data})

    def lose(self, names: list[str]) -> None:
        """These workers are gone."""
        for name in names:
            gevent.killall(self.users.pop(name))
            del self.workers[name]
        self.names = list(self.workers)
        began_s = time.process_time()
        self._lease_server.keep_only(self.names)
        self.master_s += time.process_time() - began_s

    def rows_in_use(self) -> list[int]:
        """The row of each user that has one."""
        return [user.value for users in self.users.values() for user in users if user.ready()]

    def _asker(self, name: str) -> Any:  # a function
        def ask(kind: str, data: dict[str, Any]) -> None:
            self._to_master.append((name, self._packed(kind, data)))

        return ask

    def _answer(self, name: str, kind: str, data: dict[str, Any]) -> None:
        self._to_workers.append((name, self._packed(kind, data)))

    def _packed(self, kind: str, data: dict[str, Any]) -> bytes:
        message: bytes = msgpack.dumps((kind, {**data, "run": RUN_ID}, NODE_ID))
        self.bytes += len(message)
        self.messages += 1
        return message


def main() -> int:
    """Lease, lose, lease again; 0 when the first was quick and small enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=100)
    options = parser.parse_args()
    each = options.rows // options.workers
    exchange = Exchange(options.rows, options.workers)
    for _ in range(0, each, AT_A_TIME):
        for name in exchange.names:
            exchange.spawn(name, AT_A_TIME)
        exchange.settle()
    check(exchange, each * options.workers)
    leased = (exchange.master_s, exchange.bytes, exchange.messages)
    lost = exchange.names[::10]
    exchange.lose(lost)
    for number in range(len(lost) * each):
        exchange.spawn(exchange.names[number % len(exchange.names)], 1)
    exchange.settle()
    check(exchange, each * options.workers)
    moved = (exchange.master_s - leased[0], exchange.bytes - leased[1], exchange.messages - leased[2])
    document = render(options.rows, options.workers, {"leased": leased, "a tenth lost and leased again": moved})
    print(document)
    if (options.rows, options.workers) == (100_000, 100):
        file = RESULTS / f"leases-{machine.slug()}.md"
        file.write_text(document, encoding="utf-8")
    return int(leased[0] > MOST_S or leased[1] > MOST_BYTES)


def check(exchange: Exchange, wanted: int) -> None:
    """Each user has a row of its own, or the figures mean nothing."""
    rows = exchange.rows_in_use()
    if len(rows) != wanted or len(set(rows)) != wanted:
        raise SystemExit(f"{len(rows)} users have {len(set(rows))} rows, expected {wanted} of each")


def render(rows: int, workers: int, figures: dict[str, tuple[float, int, int]]) -> str:
    """The figures as a page."""
    lines = [
        f"# {rows:,} rows to {workers} workers",
        "",
        f"Limits of the lease: {MOST_S:g} s of the master's processor and {MOST_BYTES:,} bytes. `bench/leases.py`",
        "",
        "| | master, s | bytes | messages |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {took:.2f} | {size:,} | {count:,} |" for name, (took, size, count) in figures.items()),
        "",
        *(f"- {name}: {value}" for name, value in machine.describe().items()),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
