"""`cognito-load`: everything around a load test that is not Locust."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Final, NamedTuple

from harness.errors import EXIT

PROG: Final = "cognito-load"
CODES: Final = {
    EXIT.PASSED: "it worked",
    EXIT.FAILED: "it did not (the login failed)",
    EXIT.USAGE: "the command line could not be read",
    EXIT.GATE: "the newer run is worse, or there is too little data to tell (report compare)",
    EXIT.CONFIGURATION: "the configuration cannot work; nothing was sent",
}

Run = Callable[[Sequence[str], str], int]
"""What runs a command: given its own arguments and its name for messages, it returns the exit code."""


class Command(NamedTuple):
    """One subcommand."""

    name: str
    summary: str
    example: str
    run: Run


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments; those of the process when it is None.

    Returns:
        One of `harness.errors.EXIT`.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser()
    if not given:
        parser.print_help(sys.stderr)
        return EXIT.USAGE
    chosen = parser.parse_args(given[:1]).command
    command = next(command for command in COMMANDS if command.name == chosen)
    try:
        return command.run(given[1:], f"{PROG} {command.name}")
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return EXIT.FAILED


def build_parser() -> argparse.ArgumentParser:
    """The command line up to the name of the command; each command reads the rest itself."""
    examples = "\n".join(f"  {PROG} {command.example}" for command in COMMANDS)
    codes = "\n".join(f"  {code.value}  {meaning}" for code, meaning in CODES.items())
    parser = argparse.ArgumentParser(
        prog=PROG,
        description="What goes with load tests of anything behind Amazon Cognito, and of Cognito itself.\n"
        "The load is Locust's: run `locust` for that.",
        epilog=f"examples:\n{examples}\n\n`{PROG} COMMAND --help` shows a command's options.\n\nexit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {version(PROG)}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND ARGUMENTS", title="commands")
    for command in COMMANDS:
        commands.add_parser(command.name, help=command.summary, add_help=False)
    return parser


def _run_sandbox(arguments: Sequence[str], prog: str) -> int:
    if arguments[:1] == ["fault"]:
        from harness.cli import fault  # noqa: PLC0415  # the same

        return fault.main(arguments[1:], f"{prog} fault")
    from harness.sandbox.__main__ import main as run  # noqa: PLC0415  # a login needs no server, and starts faster

    return run(arguments, prog)


def _of(module: str) -> Run:
    """The `main` of a command's module, which is imported when it is run: a report's charts alone take a second."""

    def run(arguments: Sequence[str], prog: str) -> int:
        code: int = import_module(f"harness.cli.{module}").main(arguments, prog)
        return code

    return run


COMMANDS: Final = (
    Command("doctor", "find what is wrong before the load does", "doctor --run-time 30m", _of("doctor")),
    Command("login", "log in once and show what comes back", "login --username alice@example.com", _of("login")),
    Command("options", "the options that `locust` takes here, besides its own", "options", _of("options")),
    Command(
        "provision", "test accounts, made and removed", "provision create --count 1000 --prefix load-", _of("provision")
    ),
    Command("report", "make a run's reports, or compare two runs", "report build results/latest", _of("report")),
    Command("sandbox", "a local Cognito and an API behind it", "sandbox --port 9229 --users users.csv", _run_sandbox),
    Command("vault", "secrets in the operating system's vault", "vault set load/alice", _of("vault")),
)

if __name__ == "__main__":
    sys.exit(main())
