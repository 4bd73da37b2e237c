"""TLS is verified, for Cognito and for the API, against the CAs the user names."""

from __future__ import annotations

import pytest

from harness.errors import EXIT

pytestmark = pytest.mark.e2e

LIGHT = ("--users", 4, "--spawn-rate", 4, "--run-time", "3s")


def test_a_named_ca_is_trusted_for_cognito_and_for_the_api(run_locust, start_sandbox):
    """The sandbox's own CA: logins and API requests pass, and a connect costs what a connect costs."""
    sandbox = start_sandbox(tls=True)
    run = run_locust(*LIGHT, "--processes", 1, "--cognito-ca-bundle", sandbox.ca_bundle, against=sandbox)
    assert run.exit_code == EXIT.PASSED, run.output
    assert run.summary["requests"]["all"]["count"] > 0
    assert run.summary["exchanges"]["all"]["phases"]["connect"]["count"] > 0


def test_an_unknown_ca_is_a_clear_error_and_no_password_is_sent(run_locust, start_sandbox):
    """Without the CA nothing is sent; the error says certificate, and what to do, before the load and in it."""
    sandbox = start_sandbox(tls=True)
    refused = run_locust(*LIGHT, against=sandbox)
    assert refused.exit_code == EXIT.CONFIGURATION, refused.output
    assert "TLS certificate not trusted" in refused.output
    assert "--cognito-ca-bundle" in refused.output
    run = run_locust(*LIGHT, "--cognito-preflight", "off", against=sandbox)
    assert run.exit_code == EXIT.FAILED, run.output
    assert sandbox.counts()["arrived"] == {}
    (error,) = {error["error"] for error in run.summary["errors"] if error["kind"] == "exchange"}
    assert "certificate" in error
    assert "--cognito-ca-bundle" in run.output


def test_the_api_is_verified_even_when_cognito_is_fine(run_locust, start_sandbox):
    """Locust's fast client does not verify by default; ours does, unless the class says insecure = True."""
    cognito, api = start_sandbox(), start_sandbox(tls=True)
    run = run_locust("Api", *LIGHT, "--host", api.endpoint, against=cognito)
    assert run.exit_code == EXIT.FAILED, run.output
    assert run.summary["requests"]["all"]["outcomes"].keys() == {"transport_error"}
    assert api.counts()["arrived"] == {}
