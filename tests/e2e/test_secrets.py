"""No password, key or token of a run shows up anywhere but on the wire."""

from __future__ import annotations

import json
import re
import time

import pytest
import requests

from tests.e2e.conftest import free_port, is_answering, wait_until

pytestmark = pytest.mark.e2e

TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]*\.[\w-]{10,}")
"""What every JWT and JWE looks like: a header, which begins with `{"`, and more parts."""
PROVOKING = """
from locust import constant, events, task
from harness.load import CognitoApiUser, CognitoLoginUser, install
install(events)
class Login(CognitoLoginUser):
    wait_time = constant(0.3)
    @task
    def log_in_once(self):
        self.log_in()
class Api(CognitoApiUser):
    wait_time = constant(0.3)
    @task
    def missing(self):
        self.client.get("/nowhere")
    @task
    def refused(self):
        with self.client.get("/me", catch_response=True) as response:
            response.failure("not what was expected")
    @task
    def checked(self):
        with self.rest("GET", "/orders") as response:
            assert response.js["orders"] == [], "orders were expected to be empty"
    @task
    def raised(self):
        self.client.post("/orders", json={"item": "book"}).raise_for_status()
        raise RuntimeError("task failed")
"""


def test_a_run_full_of_failures_gives_no_secret_away(start_locust, start_sandbox, tmp_path):
    """Loglevel DEBUG, every kind of failure: outputs, logs, Locust's CSV and HTML, results and web pages are clean."""
    secrets = [f"Canary-Passw0rd-{n:02d}" for n in range(12)]
    rows = [f"canary-{n:02d}@example.com,{secret}" for n, secret in enumerate(secrets)]
    (tmp_path / "users.csv").write_text("\n".join(["username,password", *rows]) + "\n")
    sandbox = start_sandbox(users=tmp_path / "users.csv", client_secret=True, access_token_life="3s")
    wrong = [row.replace("Canary", "Wrong-Canary") if n % 4 == 0 else row for n, row in enumerate(rows)]
    (tmp_path / "users.csv").write_text("\n".join(["username,password", *wrong]) + "\n")
    kept = {f"KEPT_{n}": secret for n, secret in enumerate(secrets) if n % 4 == 1} | {"KEPT": sandbox.client_secret}
    for n in range(2, 12, 4):
        (tmp_path / f"kept-{n}").write_text(f"{secrets[n]}\n")
    references = {1: "env:KEPT_{n}", 2: f"file:{tmp_path}/kept-{{n}}"}
    referring = [
        f"canary-{n:02d}@example.com,{references[n % 4].format(n=n)}" if n % 4 in references else row
        for n, row in enumerate(wrong)
    ]
    (tmp_path / "users.csv").write_text("\n".join(["username,password", *referring]) + "\n")
    secrets += [sandbox.client_secret, sandbox.secret_access_key]
    port = free_port()
    locust = start_locust(
        *("--web-port", port, "--loglevel", "DEBUG", "--csv", tmp_path / "stats", "--html", tmp_path / "report.html"),
        *("--logfile", tmp_path / "locust.log.txt"),
        against=sandbox,
        env={"COGNITO_CLIENT_SECRET": "env:KEPT", "COGNITO_REPORT": "yes", **kept},
        code=PROVOKING,
    )
    page = f"http://127.0.0.1:{port}"
    wait_until(lambda: is_answering(page))
    requests.post(f"{page}/swarm", data={"user_count": "8", "spawn_rate": "8"}, timeout=10)
    wait_until(lambda: "task failed" in requests.get(f"{page}/exceptions", timeout=10).text)
    wait_until(lambda: "NotAuthorizedException" in requests.get(f"{page}/stats/requests", timeout=10).text)
    time.sleep(4)  # tokens of three seconds are renewed
    pages = ["/", "/stats/requests", "/stats/report", "/exceptions", "/logs", "/tasks"]
    pages += [f"/{kind}/csv" for kind in ("stats/requests", "stats/failures", "exceptions")]
    texts = {path: requests.get(page + path, timeout=10).text for path in pages}
    requests.post(f"{page}/stop", timeout=30)
    locust.interrupt()
    locust.finish()
    texts |= {
        str(path): path.read_text(errors="replace")
        for path in tmp_path.rglob("*")
        if path.is_file() and path.name not in ("users.csv", "locustfile.py") and not path.name.startswith("kept-")
    }
    rejected = sandbox.counts()["answered"]["InitiateAuth"].get("NotAuthorizedException", 0)
    assert 0 < rejected <= 3, "only the wrong passwords are rejected, those behind references are right"
    assert {"canary-01@example.com", "canary-02@example.com"} <= sandbox.counts()["logins"].keys()
    assert locust.summaries(), locust.output
    assert "NotAuthorizedException" in texts["/stats/requests"]
    assert "task failed" in texts["/exceptions"]
    for place, text in texts.items():
        assert not TOKEN.search(text), f"a token in {place}"
        for secret in secrets:
            assert secret not in text, f"a secret in {place}"
    assert json.loads(texts["/stats/requests"])["stats"]
