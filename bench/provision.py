"""How long do accounts take, against what the quota allows, and does an interrupt cost or double any?

    .venv/bin/python -m bench.provision                  about a minute
    .venv/bin/python -m bench.provision --count 200

Makes accounts in a sandbox with its UserCreation quota on, at exactly the quota's rate: no call may fail, and the whole
command may take a tenth longer than count / quota. Then it makes as many again in another pool, is interrupted at
random moments by SIGINT and by SIGKILL, and run until it ends: every account once, and the file whole each time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import boto3

from bench import machine
from harness import credentials
from harness.credentials import CsvDataSet
from harness.errors import ConfigurationError

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
QUOTA = 50
MAY_TAKE = 1.10
INTERRUPTS = 6


def main() -> int:
    """Measure; 0 when provisioning does what it promises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="accounts")
    options = parser.parse_args()
    others = machine.Others()
    with tempfile.TemporaryDirectory(prefix="cognito-load-provision-") as name, sandbox() as ready:
        took_s, failed = whole(Path(name), ready, options.count)
        runs, listed, duplicates, broken = in_pieces(Path(name), ready, options.count)
    share = took_s / (options.count / QUOTA)
    text = "\n".join(
        [
            "# Provisioning",
            "",
            "Made by `python -m bench.provision`.",
            "",
            *(f"- {name}: {fact}" for name, fact in machine.describe().items() if name != "Canned answers"),
            f"- Load by others meanwhile: {others.share():.0%} of the machine",
            "",
            (
                f"{options.count} accounts at the quota's {QUOTA} a second took {took_s:.1f} s, start of the command"
                f" included: {share:.2f} of count / quota (target: {MAY_TAKE:.2f}); {failed} calls failed (target: 0)."
            ),
            "",
            (
                f"Interrupted {INTERRUPTS} times, every other time by SIGKILL, and run {runs} times: {listed} accounts"
                f" in the pool and in the file (target: {options.count}), {duplicates} in one of them only or twice,"
                f" {broken} files that were not whole (targets: 0)."
            ),
            "",
        ]
    )
    print(text)
    (RESULTS / f"provision-{machine.slug()}.md").write_text(text)
    is_right = share <= MAY_TAKE and not failed and listed == options.count and not duplicates and not broken
    return 0 if is_right else 1


@contextmanager
def sandbox():
    """A sandbox with the quota on."""
    command = [sys.executable, "-m", "harness.sandbox", "--json", "--exit-with-parent", "--creation-quota", str(QUOTA)]
    process = subprocess.Popen(
        [*command, "--users", str(ROOT / "users.csv")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def whole(folder, ready, count):
    """How long one undisturbed command took, and how many of its calls failed."""
    pool_id = client(ready).create_user_pool(PoolName="whole")["UserPool"]["Id"]
    began_s = time.monotonic()
    ended = start(folder / "whole.csv", ready, pool_id, count).wait()
    took_s = time.monotonic() - began_s
    assert ended == 0
    answered = counts(ready)["answered"]
    return took_s, sum(number for kinds in answered.values() for kind, number in kinds.items() if kind != "ok")


def in_pieces(folder, ready, count):
    """How many runs it took, and what was there in the end."""
    pool_id = client(ready).create_user_pool(PoolName="pieces")["UserPool"]["Id"]
    file, broken = folder / "pieces.csv", 0
    for number in range(INTERRUPTS):
        running = start(file, ready, pool_id, count)
        time.sleep(random.uniform(0.5, 0.6 * count / QUOTA / INTERRUPTS + 2.5))  # noqa: S311  # any moment
        running.send_signal(signal.SIGKILL if number % 2 else signal.SIGINT)
        running.wait()
        broken += file.exists() and rows(file) is None
    assert start(file, ready, pool_id, count).wait() == 0
    pages = client(ready).get_paginator("list_users").paginate(UserPoolId=pool_id)
    in_pool = [user["Username"] for page in pages for user in page["Users"]]
    in_file = rows(file) or []
    doubled = len(in_pool) - len(set(in_pool)) + len(in_file) - len(set(in_file))
    return INTERRUPTS + 1, len(set(in_pool) & set(in_file)), doubled + len(set(in_pool) ^ set(in_file)), broken


def start(file, ready, pool_id, count):
    """The command, begun."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "COGNITO_"))}
    target = {
        "COGNITO_ENDPOINT": ready["endpoint"],
        "COGNITO_USER_POOL_ID": pool_id,
        "AWS_ACCESS_KEY_ID": ready["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": ready["secret_access_key"],
    }
    command = [sys.executable, "-m", "harness.cli.main", "provision", "create", "--count", str(count)]
    return subprocess.Popen(
        [*command, "--rate", str(QUOTA), "--out", str(file)],
        cwd=ROOT,
        env={**kept, **target},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def rows(file):
    """The names in the file; None when it is not whole."""
    try:
        return [row.account.username for row in credentials.read(CsvDataSet(str(file))).rows]
    except ConfigurationError:
        return None


def client(ready):
    """boto3's view of the sandbox."""
    return boto3.session.Session().client(
        "cognito-idp",
        endpoint_url=ready["endpoint"],
        region_name=ready["region"],
        aws_access_key_id=ready["access_key_id"],
        aws_secret_access_key=ready["secret_access_key"],
    )


def counts(ready):
    """The sandbox's own count."""
    request = Request(f"{ready['control']}/counts", headers={"Authorization": f"Bearer {ready['control_token']}"})  # noqa: S310  # its own loopback URL
    with urlopen(request, timeout=10) as answer:  # noqa: S310  # the same
        return json.loads(answer.read())


if __name__ == "__main__":
    sys.exit(main())
