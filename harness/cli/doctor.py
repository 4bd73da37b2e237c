"""`cognito-load doctor`: what is wrong, before the load finds it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from rich.console import Console

from harness import aws
from harness.credentials import CsvDataSet
from harness.doctor import Case, State, examine
from harness.doctor.chart import Chart, as_object
from harness.errors import EXIT
from harness.settings import CLIENT_SECRET_VARIABLE, KNOBS, Settings, seconds

_USED: Final = frozenset(
    {
        "--cognito-client-id",
        "--cognito-user-pool-id",
        "--cognito-region",
        "--cognito-endpoint",
        "--cognito-users",
        "--cognito-flow",
        "--cognito-first-factor",
        "--cognito-domain",
        "--cognito-scopes",
        "--cognito-refresh",
        "--cognito-sign",
        "--cognito-token-use",
        "--cognito-ca-bundle",
        "--cognito-max-login-rate",
        "--cognito-sandbox-keys",
    }
)
"""The knobs of a load test that the doctor looks at."""


def main(argv: Sequence[str], prog: str = "cognito-load doctor") -> int:
    """Examine, and print each finding.

    Returns:
        EXIT.PASSED, or EXIT.CONFIGURATION when there is a fault.
    """
    arguments = build_parser(prog).parse_args(argv)
    case = _case(arguments, os.environ)
    findings = []
    chart = None if arguments.json else Chart(Console(highlight=False))
    for finding in examine(case):
        findings.append(finding)
        if chart is not None:
            chart.add(finding)
    if chart is None:
        sys.stdout.write(f"{json.dumps(as_object(findings), indent=2)}\n")
    else:
        chart.conclude(findings)
    is_faulty = any(finding.state is State.FAULT for finding in findings)
    return EXIT.CONFIGURATION if is_faulty else EXIT.PASSED


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The command's options; each of Cognito's also as an environment variable, as with `locust`."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Look at everything that can be known before a load: settings, the way to Cognito, AWS"
        " credentials, the users file, three logins and what they bring, the API, the pool. It changes nothing.",
        epilog=f"Exit code {EXIT.PASSED}: no fault; {EXIT.CONFIGURATION}: a fault. An app client's secret comes from"
        f" {CLIENT_SECRET_VARIABLE}. Example: {prog} --api http://127.0.0.1:9229/me --run-time 30m",
    )
    parser.add_argument("--json", action="store_true", help="print an object: outcome, and every finding")
    parser.add_argument("--api", default="", metavar="URL", help="a resource of the API to try both tokens on, by GET")
    parser.add_argument(
        "--run-time", default=0.0, type=_duration_s, metavar="30m", help="how long the run is going to take"
    )
    parser.add_argument(
        "--allow-production", action="store_true", help="a pool that looks like production is a warning, not a fault"
    )
    for knob in KNOBS:
        if knob.flag in _USED:
            choices = f" One of: {', '.join(knob.choices)}." if knob.choices else ""
            text = f"{knob.help}{choices} [{knob.variable}]".replace("%", "%%")
            parser.add_argument(
                knob.flag,
                default=os.environ.get(knob.variable, ""),
                metavar="<text>",
                help=text if knob.is_shown else argparse.SUPPRESS,
            )
    return parser


def _case(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Case:
    options = vars(arguments)
    if arguments.allow_production:
        options |= {"cognito_allow_production": "yes"}
    settings = Settings.from_options(options, environ)
    if not settings.region:
        settings = replace(settings, profile_region=aws.profile_region())
    return Case(settings, environ, CsvDataSet(settings.users), api=arguments.api, run_time_s=arguments.run_time)


def _duration_s(text: str) -> float:
    found = seconds(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 30m or 2h")
    return found
