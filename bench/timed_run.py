"""One run of `locust Login` against a server that keeps the time, each on a core of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import machine
from bench.canned import CLIENT_ID, REGION
from bench.child import pinned_to

ROOT = Path(__file__).parents[1]
KEPT = ("PATH", "HOME", "LANG")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCH0", "AWS_SECRET_ACCESS_KEY": "made-up"}


def timed_run(
    folder: Path, options: Sequence[str], server_options: Sequence[str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Run it.

    Args:
        folder: For the results; a users.bench.csv lies beside it.
        options: Locust's and the harness's.
        server_options: What `bench.servers.timed` is told.

    Returns:
        summary.json, and what the server saw.
    """
    client_core, server_core = machine.cores()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONPATH": str(ROOT)}
    serve = [sys.executable, "-m", "bench.servers.timed", *server_options]
    with pinned_to(server_core):
        server = subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline())
        with pinned_to(client_core):
            run = subprocess.run(
                [
                    *(sys.executable, "-m", "locust", "-f", str(ROOT / "bench/plans/login_cognito_load.py")),
                    *("--headless", "--only-summary", "--cognito-endpoint", f"http://127.0.0.1:{port}", *options),
                    *("--cognito-client-id", CLIENT_ID, "--cognito-region", REGION, "--cognito-sign", "always"),
                    *("--cognito-users", str(folder.parent / "users.bench.csv"), "--results-dir", str(folder)),
                ],
                env=environment | KEYS,
                check=False,
                capture_output=True,
                text=True,
                timeout=300,
            )
    finally:
        server.terminate()
        told, _ = server.communicate()
    summary = json.loads((folder / "latest/summary.json").read_text())
    assert not summary["logins"]["all"]["failures"], run.stdout
    return summary, json.loads(told)
