"""Every knob of a load test, with its default and unit, and everything that can be wrong with them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from harness.cognito.flows import FLOWS, POOL_FLOWS
from harness.errors import Problem

Sign = Literal["auto", "always", "never"]
TokenUse = Literal["access", "id"]
Connections = Literal["keep", "new"]

DEFAULT_LOGIN_RATE: Final = 60.0
"""Logins per second outside the sandbox: half of the default UserAuthentication quota, which production shares."""
CLIENT_SECRET_VARIABLE: Final = "COGNITO_CLIENT_SECRET"  # noqa: S105  # the name of a variable

_POOL_ID = re.compile(r"[\w-]+_[0-9a-zA-Z]+")  # the service model's pattern of UserPoolIdType
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")  # the partitions' patterns in botocore's endpoints.json, as one
_CLIENT_ID = re.compile(r"[\w+]{1,128}")  # the service model's pattern of ClientIdType
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
_AWS_HOST = re.compile(r"cognito-idp(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")


@dataclass(frozen=True, slots=True)
class Knob:
    """One option, as the command line, the environment, locust.conf and the web UI know it."""

    flag: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    is_shown: bool = True
    """Whether people see it in --help and in the web UI's form."""
    is_switch: bool = False
    """Whether the flag alone means yes."""

    @property
    def dest(self) -> str:
        """The attribute of the parsed options."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable: always `COGNITO_…`."""
        name = self.dest.upper()
        return name if name.startswith("COGNITO_") else f"COGNITO_{name}"


KNOBS: Final = (
    Knob("--cognito-client-id", "", "App client id. Empty: start the local sandbox and run against it."),
    Knob("--cognito-user-pool-id", "", "User pool id (eu-west-1_AbC123); gives the region when none is set."),
    Knob("--cognito-region", "", "AWS region. Empty: the user pool id's prefix, else the AWS profile's."),
    Knob("--cognito-endpoint", "", "Cognito's URL. Empty: the region's public endpoint."),
    Knob("--cognito-users", "users.csv", "CSV file of accounts with the columns username and password."),
    Knob("--cognito-flow", "USER_PASSWORD_AUTH", "How to log in.", tuple(sorted(FLOWS))),
    Knob(
        "--cognito-first-factor",
        "",
        "USER_AUTH's preferred challenge. Empty: choose from what Cognito offers.",
        ("PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP"),
    ),
    Knob(
        "--cognito-sign",
        "auto",
        "Sign calls with SigV4; auto: when AWS credentials are found.",
        ("auto", "always", "never"),
    ),
    Knob("--cognito-token-use", "access", "Which token the API gets as Bearer.", ("access", "id")),
    Knob(
        "--cognito-connection", "keep", "keep: a returning client; new: connect anew for each login.", ("keep", "new")
    ),
    Knob("--cognito-ca-bundle", "", "PEM file of the CAs to trust, for Cognito and for the API. Empty: the system's."),
    Knob(
        "--cognito-max-login-rate",
        "",
        f"Logins per second at most, over all workers; 0: no cap. Empty: {DEFAULT_LOGIN_RATE:g}; none in the sandbox.",
    ),
    Knob(
        "--cognito-max-lag",
        "50",
        "A run is invalid when its event loop came later than this at p99, in ms. Raise it on shared machines.",
    ),
    Knob(
        "--gate", "", 'A condition the run must meet, as "InitiateAuth p95 < 300ms". Repeatable; several separated by ;'
    ),
    Knob("--warmup", "0", "How long at the start is in no figure, as 30s: connections open, caches fill, users spawn."),
    Knob("--samples", "no", "Write every sample to samples.jtl, as JMeter does.", ("no", "yes"), is_switch=True),
    Knob("--gate-file", "", "File with a gate a line; they hold besides those of --gate and of pyproject.toml."),
    Knob(
        "--baseline", "", "Results of an earlier run (results/...) to compare with; exit code 3 when this one is worse."
    ),
    Knob("--results-dir", "results", "Folder for results, a new folder in it for each run."),
    Knob(
        "--cognito-sandbox-keys",
        "",
        "File with the sandbox's AWS keys (set when the sandbox is started).",
        is_shown=False,
    ),
    Knob("--cognito-run", "", "This run's id (set by the master).", is_shown=False),
    Knob("--cognito-workers", "1", "Processes that share the login rate (set by the master).", is_shown=False),
)
"""In the order of --help. Secrets are no options: Locust sends all options over the network and into web pages."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for, typed. Build it with `from_options`; `problems()` says what cannot work."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    """From the environment only."""
    user_pool_id: str = ""
    given_region: str = ""
    profile_region: str = ""
    """The AWS profile's region: the last resort."""
    given_endpoint: str = ""
    users: str = "users.csv"
    flow: str = "USER_PASSWORD_AUTH"
    first_factor: str = ""
    """What USER_AUTH prefers."""
    sign: str = "auto"
    token_use: str = "access"  # noqa: S105  # a choice
    connection: str = "keep"
    ca_bundle: str = ""
    login_rate: str = ""
    """As given, in logins per second over all workers; read `max_login_rate`."""
    lag: str = "50"
    """As given, in milliseconds; read `max_lag_ms`."""
    gate: str = ""
    """All gates, separated by `;`."""
    warmup: str = "0"
    """As given; read `warmup_s`."""
    samples: str = "no"
    """`yes`: every sample is written down."""
    gate_file: str = ""
    baseline: str = ""
    """Folder of an earlier run's results."""
    results_dir: str = "results"
    sandbox_keys: str = ""
    run: str = ""
    workers: str = "1"

    @classmethod
    def from_options(cls, options: Mapping[str, object], environ: Mapping[str, str], profile_region: str = "") -> Self:
        """The settings in Locust's parsed options.

        Args:
            options: `vars(parsed_options)`. None and empty both mean "not set": that is what the web UI sends back.
            environ: Where the client secret is.
            profile_region: The AWS profile's region.
        """

        def text(name: str) -> str:
            knob = _BY_DEST[name]
            return str(options.get(name) or "").strip() or knob.default

        return cls(
            client_id=text("cognito_client_id"),
            client_secret=environ.get(CLIENT_SECRET_VARIABLE, ""),
            user_pool_id=text("cognito_user_pool_id"),
            given_region=text("cognito_region"),
            profile_region=profile_region,
            given_endpoint=text("cognito_endpoint").rstrip("/"),
            users=text("cognito_users"),
            flow=text("cognito_flow"),
            first_factor=text("cognito_first_factor"),
            sign=text("cognito_sign"),
            token_use=text("cognito_token_use"),
            connection=text("cognito_connection"),
            ca_bundle=text("cognito_ca_bundle"),
            login_rate=text("cognito_max_login_rate"),
            lag=text("cognito_max_lag"),
            gate=text("gate"),
            warmup=text("warmup"),
            samples=text("samples"),
            gate_file=text("gate_file"),
            baseline=text("baseline"),
            results_dir=text("results_dir"),
            sandbox_keys=text("cognito_sandbox_keys"),
            run=text("cognito_run"),
            workers=text("cognito_workers"),
        )

    @property
    def region(self) -> str:
        """The region of calls and signatures: the option, else the pool id's prefix, else the AWS profile's."""
        return self.given_region or self._pool_region or self.profile_region

    @property
    def is_local(self) -> bool:
        """Whether Cognito is on this machine's loopback: the sandbox, not a service that others use."""
        try:
            host = urlsplit(self.given_endpoint).hostname or ""
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:  # no URL, or a name: 127.0.0.1.example.com is not this machine
            return False

    @property
    def max_login_rate(self) -> float:
        """Logins per second over all workers; 0 means no cap."""
        if self.login_rate:
            return _number(self.login_rate) or 0.0
        return 0.0 if self.is_local else DEFAULT_LOGIN_RATE

    @property
    def max_lag_ms(self) -> float:
        """How late the event loop may come at p99 before the run's figures prove nothing."""
        return _number(self.lag) or 0.0

    @property
    def warmup_s(self) -> float:
        """How long at the start is in no figure, in seconds."""
        return _seconds(self.warmup) or 0.0

    @property
    def writes_samples(self) -> bool:
        """Whether every sample is written down."""
        return self.samples == "yes"

    def problems(self) -> list[Problem]:
        """Every fault that can be seen without opening a file or a connection. Empty when all is well."""
        return [
            *self._choice_problems(),
            *self._flow_problems(),
            *self._pool_problems(),
            *self._region_problems(),
            *self._number_problems(),
        ]

    def shown(self) -> dict[str, str]:
        """The settings for a report, by option: no secret, nothing internal."""
        values = {f.name: str(getattr(self, f.name)) for f in fields(self) if f.name not in _UNSHOWN}
        values["region"] = self.region
        values["max_lag_ms"] = f"{self.max_lag_ms:g}"
        values["max_login_rate"] = f"{self.max_login_rate:g}"
        return {name.removeprefix("given_"): value for name, value in values.items() if value}

    @property
    def _pool_region(self) -> str:
        return self.user_pool_id.partition("_")[0] if _POOL_ID.fullmatch(self.user_pool_id) else ""

    def _choice_problems(self) -> list[Problem]:
        given = {
            "--cognito-flow": self.flow,
            "--cognito-first-factor": self.first_factor,
            "--cognito-sign": self.sign,
            "--cognito-token-use": self.token_use,
            "--cognito-connection": self.connection,
            "--samples": self.samples,
        }
        return [
            Problem(f"{knob.flag} is {given[knob.flag]!r}", f"Choose one of {', '.join(knob.choices)}.")
            for knob in KNOBS
            if knob.choices and given[knob.flag] not in (knob.default, *knob.choices)
        ]

    def _flow_problems(self) -> list[Problem]:
        problems = []
        if self.first_factor and self.flow != "USER_AUTH":
            problems.append(
                Problem(
                    f"--cognito-first-factor is {self.first_factor}, but {self.flow} has no choice",
                    "Drop it, or set --cognito-flow USER_AUTH.",
                )
            )
        needs_pool = self.flow if self.flow in POOL_FLOWS else ""
        needs_pool = needs_pool or (self.first_factor if self.first_factor == "PASSWORD_SRP" else "")
        if needs_pool and not self.user_pool_id:
            problems.append(
                Problem(
                    f"{needs_pool} needs the user pool's id, and none is set",
                    "Set --cognito-user-pool-id (COGNITO_USER_POOL_ID).",
                )
            )
        if self.flow.startswith("ADMIN_") and self.sign == "never":
            problems.append(
                Problem(f"{self.flow} has to be signed, and --cognito-sign is never", "Set it to auto or always.")
            )
        return problems

    def _pool_problems(self) -> list[Problem]:
        problems = []
        if not self.client_id:
            problems.append(Problem("no app client id is set", "Set --cognito-client-id (COGNITO_CLIENT_ID)."))
        elif not _CLIENT_ID.fullmatch(self.client_id):
            problems.append(
                Problem(
                    f"--cognito-client-id is {self.client_id!r}, which is not an app client id",
                    "Copy it from the Cognito console: User pool > App clients > Client ID (letters and digits).",
                )
            )
        if self.user_pool_id and not _POOL_ID.fullmatch(self.user_pool_id):
            problems.append(
                Problem(
                    f"--cognito-user-pool-id is {self.user_pool_id!r}, which is not a user pool id",
                    "It looks like eu-west-1_AbC123: the region, an underscore, letters and digits.",
                )
            )
        return problems

    def _region_problems(self) -> list[Problem]:
        problems = []
        pool_region = self._pool_region
        sources = {
            "--cognito-region": self.given_region,
            "the region of --cognito-user-pool-id": pool_region,
            "the AWS profile's region": "" if self.given_region or pool_region else self.profile_region,
        }
        problems += [
            Problem(f"{source} is {region!r}, which is not an AWS region", "Expected one like us-east-2.")
            for source, region in sources.items()
            if region and not _REGION.fullmatch(region)
        ]
        if self.given_region and pool_region and pool_region != self.given_region:
            problems.append(
                Problem(
                    f"--cognito-region is {self.given_region}, but user pool {self.user_pool_id} is in {pool_region}",
                    "Drop --cognito-region, or correct one of the two.",
                )
            )
        if not self.region and not self.user_pool_id:
            problems.append(
                Problem(
                    "no region is known",
                    "Set --cognito-region or --cognito-user-pool-id, or the AWS profile's region.",
                )
            )
        return [*problems, *self._endpoint_problems()]

    def _endpoint_problems(self) -> list[Problem]:
        if not self.given_endpoint:
            return []
        if "@" in self.given_endpoint:  # not quoted: there may be a password before it
            return [Problem("--cognito-endpoint holds an @", "Give the URL without a user name and a password.")]
        try:
            parts = urlsplit(self.given_endpoint)
            is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_url = False
        if not is_url:
            return [
                Problem(
                    f"--cognito-endpoint is {self.given_endpoint!r}, which is not a URL",
                    "Expected https://cognito-idp.<region>.amazonaws.com, or the URL that the sandbox printed.",
                )
            ]
        problems = []
        if parts.scheme == "http" and not self.is_local:
            problems.append(
                Problem(
                    f"--cognito-endpoint {self.given_endpoint} is not encrypted, and passwords would travel there",
                    "Use https://; plain http is for the sandbox on this machine.",
                )
            )
        host = _AWS_HOST.fullmatch(parts.hostname or "")
        if host and self.region and host["region"] != self.region:
            problems.append(
                Problem(
                    f"--cognito-endpoint is in {host['region']}, but the region is {self.region}",
                    "A signature holds for one region only: correct one of the two.",
                )
            )
        return problems

    def _number_problems(self) -> list[Problem]:
        problems = []
        rate = _number(self.login_rate) if self.login_rate else 0.0
        if rate is None or rate < 0:
            problems.append(
                Problem(
                    f"--cognito-max-login-rate is {self.login_rate!r}",
                    "Expected logins per second, such as 60; 0 for no cap.",
                )
            )
        if self.max_lag_ms <= 0:
            problems.append(Problem(f"--cognito-max-lag is {self.lag!r}", "Expected milliseconds, such as 50."))
        if _seconds(self.warmup) is None:
            problems.append(Problem(f"--warmup is {self.warmup!r}", "Expected a duration, such as 30s or 2m."))
        return problems


def _seconds(text: str) -> float | None:
    found = _DURATION.fullmatch(text)
    return float(found[1]) * _UNITS_S[found[2]] if found else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


_BY_DEST: Final = {knob.dest: knob for knob in KNOBS}
_UNSHOWN: Final = {
    "client_secret",
    "given_region",
    "profile_region",
    "login_rate",
    "lag",
    "sandbox_keys",
    "run",
    "workers",
    "gate",
}
