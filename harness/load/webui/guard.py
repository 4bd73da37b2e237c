"""Keeps Locust's web UI from being turned against its user, and answers bad settings before a run starts.

`/swarm` accepts any key of the options from any page that is open in the user's browser, and answers every origin:
without this guard a page elsewhere could send the next run's passwords to an endpoint of its choice.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Request, Response, before_render_template, jsonify, request

from harness.errors import Problem
from harness.settings import KNOBS

FIXED: Final = (
    "cognito_endpoint",
    "cognito_domain",
    "cognito_users",
    "cognito_sandbox",
    "cognito_ca_bundle",
    "results_dir",
    "cognito_sandbox_keys",
    "gate_file",
    "baseline",
)
"""Where passwords and secrets go, which passwords, whom to trust, what to read and write: set on the command line, not
from a page."""
CHOICES: Final = {knob.dest: (*(("",) if not knob.default else ()), *knob.choices) for knob in KNOBS if knob.choices}
"""What the form offers to choose from; empty first where nothing need be chosen."""
PRIVATE: Final = (".local", ".internal", ".localhost", ".home.arpa")
"""Ends of names that nobody can register in public (RFC 6761, 6762, 8375; ICANN 2024)."""
DERIVED: Final = ("cognito_region", "cognito_user_pool_id")
"""These decide where logins go when no endpoint is given, and by a domain's prefix."""

UNKNOWN_NAME: Final = (
    "refused: the web UI does not know itself by the name {}, which another site may have made point here. "
    "Open it by this machine's address or name, or put the name into COGNITO_WEB_NAMES and restart locust."
)

Validate = Callable[[Mapping[str, str]], list[Problem]]


def protect(
    app: Flask,
    *,
    web_host: str,
    names: Collection[str],
    options: Callable[[], Mapping[str, object]],
    validate: Validate,
) -> None:
    """Put the guard before every request of the web UI.

    Args:
        app: Locust's Flask application.
        web_host: What the UI listens on; on a loopback address only loopback names are accepted as Host.
        names: What else it is reached by, when it listens elsewhere: COGNITO_WEB_NAMES.
        options: The current options.
        validate: The faults that a form's values would have.
    """

    @app.before_request
    def guard() -> Response | tuple[Response, int] | None:
        if not _is_own_host(request.host, web_host, names):
            return jsonify({"success": False, "message": UNKNOWN_NAME.format(request.host)}), 403
        if not _is_same_origin(request):
            return jsonify({"success": False, "message": "refused: the request comes from another site"}), 403
        if request.method == "POST" and request.path.endswith("/swarm"):
            problems = _changes(options(), request.form) or validate(request.form)
            if problems:
                return jsonify({"success": False, "message": "\n".join(map(str, problems))})
        return None

    before_render_template.connect(lambda _, context, **__: _show_current(context, options()), app, weak=False)


def _show_current(context: Mapping[str, Any], options: Mapping[str, object]) -> None:
    """Have the form show the options in force: Locust fills it from the command line, and sends all of it back.

    Otherwise a run in the sandbox could not be started from its page, which would empty the endpoint.
    """
    for name, field in context.get("template_args", {}).get("extra_options", {}).items():
        field["default_value"] = options.get(name, field["default_value"])
        if choices := CHOICES.get(name):  # not told to argparse, which would exit with 2 on any other value
            field["choices"] = choices


def _changes(options: Mapping[str, object], form: Mapping[str, str]) -> list[Problem]:
    is_given = options.get("cognito_endpoint") and not options.get("cognito_domain")
    fixed = FIXED if is_given else (*FIXED, *DERIVED)
    return [
        Problem(f"--{name.replace('_', '-')} cannot be changed from the web UI", "Restart locust with the new value.")
        for name in fixed
        if name in form and form[name] != str(options.get(name) or "")
    ]


def _is_own_host(host: str, web_host: str, names: Collection[str]) -> bool:
    """DNS rebinding makes another site's name point here.

    On loopback only loopback's own names are served; elsewhere addresses, names that no other site can have, and what
    the user has named.
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if _is_loopback(web_host):
        return _is_loopback(name)
    own = {web_host.lower(), socket.gethostname().lower(), *(each.strip().lower() for each in names)} - {""}
    is_private = "." not in name or name.endswith(PRIVATE)
    return bool(name) and (name in own or is_private or _address(name) is not None)


def _is_same_origin(request: Request) -> bool:
    """A link from another site may open a page here, and nothing more."""
    headers = request.headers
    is_link = request.method == "GET" and headers.get("Sec-Fetch-Mode") == "navigate"
    if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not is_link:
        return False
    origin = headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.host


def _is_loopback(name: str) -> bool:
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
