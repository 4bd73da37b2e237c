"""`python -m harness.sandbox`, and what `cognito-load sandbox` runs: start, say so in one line, serve until the end."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent

from harness.errors import EXIT, ConfigurationError, Problem
from harness.sandbox.argument_types import (
    LOOPBACK,
    duration_s,
    grace_s,
    own_address,
    port_number,
    positive_rate,
    region_name,
    scope_names,
    whole_seconds,
)
from harness.sandbox.faults.command_line import order_of
from harness.sandbox.faults.orders import Order
from harness.sandbox.http.certificates import server_context
from harness.sandbox.http.server import SandboxServer
from harness.sandbox.launch import Sandbox, assemble, read_ready_line
from harness.sandbox.lifetime import Lifetime
from harness.sandbox.options import DEFAULT_REGION, DEVICES, Options
from harness.sandbox.sample_accounts import accounts

STOP_TIMEOUT_S = 0.2
"""How long answers that are on their way may still take when the sandbox stops."""


def build_parser(prog: str = "python -m harness.sandbox") -> argparse.ArgumentParser:
    """The command line of the sandbox."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="A local Cognito and a protected API behind it.",
        epilog=f"Example: {prog} --port 9229 --users users.csv",
    )
    add = parser.add_argument
    add("--port", type=port_number, default=0, metavar="N", help="listen here; default: a free port")
    add(
        "--bind",
        type=own_address,
        metavar="ADDRESS",
        help=f"listen there, for clients on other machines; with --tls only. Default: {LOOPBACK}",
    )
    add("--users", type=Path, metavar="FILE", help="CSV with username,password and maybe state; default: users.csv")
    add("--region", type=region_name, default=DEFAULT_REGION, help="default: %(default)s")
    add(
        "--require-signature",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="demand a SigV4 signature on InitiateAuth; a wrong one is refused in any case",
    )
    add("--access-token-life", type=whole_seconds, metavar="3s", help="of access and id tokens; default: an hour")
    add("--quota", type=positive_rate, metavar="N", help="UserAuthentication requests a second; default: no quota")
    add("--creation-quota", type=positive_rate, metavar="N", help="UserCreation requests a second; default: no quota")
    add("--client-quota", type=positive_rate, metavar="N", help="ClientAuthentication requests a second; default: none")
    add("--latency", type=duration_s, default=0.0, metavar="500ms", help="hold back every answer of Cognito")
    add("--tls", action="store_true", help="speak TLS, with a CA made for this run; its file is in the ready line")
    add("--client-secret", action="store_true", help="the client has a secret; it is in the ready line with --json")
    add(
        "--scopes",
        type=scope_names,
        default=(),
        metavar="api/read,...",
        help="let the client log in for itself (client_credentials at /oauth2/token) for these; it has a secret then",
    )
    add("--rotation", type=grace_s, metavar="0s", help="refresh tokens are good once, and so long after; default: off")
    add(
        "--devices",
        choices=sorted(DEVICES),
        default="",
        help="keep track of devices, and remember them once they are confirmed or when their user asks; default: off",
    )
    add("--session-token", action="store_true", help="the AWS keys are temporary, with a session token")
    add("--api-token-use", choices=("access", "id"), help="which token the API takes; default: both")
    add(
        "--fault",
        type=order_of,
        action="append",
        default=[],
        metavar="LINE",
        help="what goes wrong from the start, as `sandbox fault` has it: --fault 'throttle --share 20%%'; repeatable",
    )
    add("--control-port", type=port_number, default=0, metavar="N", help="of the count and of faults; default: free")
    add("--resume", type=Path, metavar="FILE", help="same port, ids and keys as in this ready line (from --json)")
    add("--json", action="store_true", help="say what clients need to know as a JSON object, secrets included")
    add("--exit-with-parent", action="store_true", help="stop at the end of standard input, or when the parent goes")
    add("--own-session", action="store_true", help="leave the terminal's session, so that its Ctrl-C does not come")
    return parser


def main(argv: Sequence[str] | None = None, prog: str = "python -m harness.sandbox") -> int:
    """Serve until SIGTERM, SIGINT or the parent's end; the exit code."""
    arguments = build_parser(prog).parse_args(argv)
    if arguments.own_session:
        with suppress(PermissionError):  # it leads a session already
            os.setsid()
    try:
        return _run(_options(arguments), arguments)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT.CONFIGURATION


def _options(arguments: argparse.Namespace) -> Options:
    return Options(
        port=arguments.port,
        bind=arguments.bind,
        users=arguments.users,
        region=arguments.region,
        requires_signature=arguments.require_signature,
        access_token_life_s=arguments.access_token_life,
        user_authentication_quota=arguments.quota,
        user_creation_quota=arguments.creation_quota,
        client_authentication_quota=arguments.client_quota,
        scopes=arguments.scopes,
        latency_s=arguments.latency,
        has_client_secret=arguments.client_secret,
        rotation_grace_s=arguments.rotation,
        devices=arguments.devices,
        has_session_token=arguments.session_token,
        api_token_use=arguments.api_token_use,
        uses_tls=arguments.tls,
        faults=tuple(arguments.fault),
        control_port=arguments.control_port,
        resume=arguments.resume,
    )


def _run(options: Options, arguments: argparse.Namespace) -> int:
    lifetime = Lifetime()
    lifetime.end_on_signals()
    if arguments.exit_with_parent:
        lifetime.end_with_parent()
    resumed = read_ready_line(options.resume) if options.resume else {}
    if resumed:
        before = urlsplit(resumed["endpoint"])
        port, bind = options.port or before.port or 0, options.bind or before.hostname
        control_port = options.control_port or urlsplit(resumed.get("control", "")).port or 0
        options = replace(options, region=resumed["region"], port=port, bind=bind, control_port=control_port)
    _refuse_clear_text(options)
    users, source = accounts(options.users)
    sandbox = assemble(options, users, pause=_pause(options.latency_s), resumed=resumed)
    _order(sandbox, options.faults)
    with ExitStack() as cleanup:
        context, ca_file = None, None
        if options.uses_tls:
            directory = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="cognito-load-sandbox-"))
            context, ca_file = server_context(Path(directory), options.host)
        server = _started(
            SandboxServer(
                sandbox.application.answer,
                options.port,
                bind=options.host,
                tls=context,
                connected=sandbox.counts.connected,
                wall=sandbox.wall,
            )
        )
        cleanup.callback(server.stop, timeout=STOP_TIMEOUT_S)
        control = _started(SandboxServer(sandbox.control.answer, options.control_port))
        cleanup.callback(control.stop, timeout=STOP_TIMEOUT_S)
        ready = _ready(sandbox, server.url, control.url, ca_file)
        line = json.dumps(ready) if arguments.json else _sentence(ready, len(users), source)
        with suppress(BrokenPipeError):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
        gc.freeze()  # the service model is large and never garbage: collections need not walk it
        lifetime.wait()
    return EXIT.PASSED


def _refuse_clear_text(options: Options) -> None:
    if not (options.is_on_loopback or options.uses_tls):
        problem = Problem(
            f"--bind {options.bind} would let passwords travel in clear text",
            "Add --tls; clients trust the file that the ready line names as ca_bundle.",
        )
        raise ConfigurationError([problem])


def _order(sandbox: Sandbox, faults: Iterable[Order]) -> None:
    for order in faults:
        try:
            sandbox.control.order(order)
        except ValueError as error:
            raise ConfigurationError([Problem(f"--fault {order.fault}: {error}", "Name one of --users.")]) from error


def _started(server: SandboxServer) -> SandboxServer:
    try:
        server.start()
    except OSError as error:
        host, port = server.address[:2]
        problem = Problem(f"{host}:{port} cannot be opened: {error.strerror}", "Give --port another one, or none.")
        raise ConfigurationError([problem]) from error
    return server


def _pause(latency_s: float) -> Any:  # noqa: ANN401  # a callable
    return (lambda: gevent.sleep(latency_s)) if latency_s else (lambda: None)


def _ready(sandbox: Sandbox, url: str, control: str, ca_file: Path | None) -> Mapping[str, object]:
    ca_bundle = {"ca_bundle": str(ca_file)} if ca_file else {}
    return {
        "endpoint": url,
        "api": url,
        "control": control,
        **sandbox.identity.to_json(),
        "issuer": sandbox.issuer,
        "pid": os.getpid(),
        **ca_bundle,
    }


def _sentence(ready: Mapping[str, object], users: int, source: str) -> str:
    ca_bundle = f", CA in {ready['ca_bundle']}" if "ca_bundle" in ready else ""
    return (
        f"Sandbox ready: Cognito and API at {ready['endpoint']}{ca_bundle}, client {ready['client_id']} of pool "
        f"{ready['user_pool_id']}, {users} users ({source}); --json shows the AWS keys, Ctrl-C stops it."
    )


if __name__ == "__main__":
    sys.exit(main())
