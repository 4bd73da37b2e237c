"""`cognito-load sandbox fault`: let something go wrong in a sandbox that is running."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from harness.errors import EXIT, ConfigurationError, Problem
from harness.sandbox.faults.command_line import add_fault_options, kinds_for_people, protect_negative, wanted_of
from harness.sandbox.faults.orders import Kind

READY_FILE: Final = "sandbox.json"
VARIABLE: Final = "COGNITO_SANDBOX_FILE"
TIMEOUT_S: Final = 10.0
LIST: Final = "list"
CLEAR: Final = "clear"


def main(argv: Sequence[str], prog: str) -> int:
    """Order one fault, list what stands, or clear it; the exit code."""
    arguments = _parser(prog).parse_args(protect_negative(argv))
    try:
        url, token = _control(Path(arguments.sandbox))
        said = _ask(url, token, *_request(arguments))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT.CONFIGURATION
    if arguments.fault == LIST:
        for fault in said["faults"]:
            sys.stdout.write(f"{json.dumps(fault)}\n")
    return EXIT.PASSED


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Let something go wrong in a sandbox that is running.",
        epilog=f"kinds:\n{kinds_for_people()}\n  {LIST:<16}show what stands\n"
        f"  {CLEAR:<16}end every standing fault, and put the clock right\n\n"
        f"example: {prog} throttle --share 20% --for 10s",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("fault", choices=[*(kind.value for kind in Kind), LIST, CLEAR], metavar="KIND")
    add_fault_options(parser)
    parser.add_argument(
        "--sandbox",
        metavar="FILE",
        default=os.environ.get(VARIABLE, READY_FILE),
        help=f"what `sandbox --json` printed; default: {VARIABLE}, else {READY_FILE}",
    )
    return parser


def _request(arguments: argparse.Namespace) -> tuple[str, bytes]:
    if arguments.fault == LIST:
        return "GET", b""
    if arguments.fault == CLEAR:
        return "DELETE", b""
    return "POST", json.dumps(wanted_of(arguments)).encode()


def _control(file: Path) -> tuple[str, str]:
    try:
        ready = json.loads(file.read_text("utf-8"))
        return str(ready["control"]), str(ready["control_token"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = Problem(
            f"{file}: not the ready line of a sandbox ({type(error).__name__})",
            f"Start one by `cognito-load sandbox --json > {READY_FILE}`, or name its file: --sandbox FILE.",
        )
        raise ConfigurationError([problem]) from error


def _ask(url: str, token: str, method: str, body: bytes) -> Mapping[str, Any]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    try:
        connection.request(method, "/faults", body, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        content = answer.read()
        said = json.loads(content) if content else {}
    except (OSError, ValueError, HTTPException) as error:
        problem = Problem(f"no sandbox answers at {url} ({type(error).__name__})", "Is it still running?")
        raise ConfigurationError([problem]) from error
    finally:
        connection.close()
    if answer.status >= HTTPStatus.BAD_REQUEST:
        reason = said.get("error", f"HTTP {answer.status}")
        raise ConfigurationError(
            [Problem(f"the sandbox refused: {reason}", "`fault --help` shows what each kind takes.")]
        )
    return dict(said)
