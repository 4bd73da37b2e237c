"""The options of a load test: their names, defaults and what they are for, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.cognito.flows import FLOWS
from harness.cognito.flows.refreshing import WAYS

DEFAULT_LOGIN_RATE: Final = 60.0
"""Logins per second outside the sandbox: half of the default UserAuthentication quota, which production shares."""

DEFAULT_QUOTA: Final = 120.0
"""UserAuthentication, in requests per second, per account and region: AWS's guide, "Quotas in Amazon Cognito"."""
DEFAULT_CLIENT_QUOTA: Final = 150.0
"""ClientAuthentication, likewise."""


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
    given_as: str = ""
    """The field of Settings that takes the value; empty: the flag's own name."""

    @property
    def dest(self) -> str:
        """The attribute of the parsed options."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def field(self) -> str:
        """The field of Settings."""
        return self.given_as or self.dest.removeprefix("cognito_")

    @property
    def variable(self) -> str:
        """The environment variable: always `COGNITO_…`."""
        name = self.dest.upper()
        return name if name.startswith("COGNITO_") else f"COGNITO_{name}"


KNOBS: Final = (
    Knob(
        "--cognito-client-id",
        "",
        "App client id. Empty: start the local sandbox and run against it, unless something else points at a pool.",
    ),
    Knob(
        "--cognito-sandbox",
        "no",
        "Start the local sandbox and run against it, whatever points at a pool; not together with an app client id or "
        "a host.",
        ("no", "yes"),
        is_switch=True,
    ),
    Knob(
        "--cognito-sandbox-latency",
        "0",
        "How long the sandbox that a run starts holds back each answer of Cognito, as 200ms, which Cognito may take.",
    ),
    Knob("--cognito-user-pool-id", "", "User pool id (eu-west-1_AbC123); gives the region when none is set."),
    Knob(
        "--cognito-region",
        "",
        "AWS region. Empty: the user pool id's prefix, else the AWS profile's.",
        given_as="given_region",
    ),
    Knob("--cognito-endpoint", "", "Cognito's URL. Empty: the region's public endpoint.", given_as="given_endpoint"),
    Knob("--cognito-users", "users.csv", "CSV file of accounts with the columns username and password."),
    Knob(
        "--cognito-on-exhausted",
        "stop",
        "When API users have no row left: stop: too few rows are a fault; wait: until one is free; share: an account "
        "and its session; recycle: from the first row again, as JMeter does.",
        ("stop", "wait", "share", "recycle"),
    ),
    Knob(
        "--cognito-keep-tokens",
        "no",
        "The next user of an account goes on with the tokens that the last one left.",
        ("no", "yes"),
        is_switch=True,
    ),
    Knob("--cognito-flow", "USER_PASSWORD_AUTH", "How to log in.", tuple(sorted(FLOWS))),
    Knob(
        "--cognito-first-factor",
        "",
        "USER_AUTH's preferred challenge. Empty: choose from what Cognito offers.",
        ("PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP"),
    ),
    Knob(
        "--cognito-domain",
        "",
        "client_credentials: the pool's domain, as a prefix (my-pool), a host or a URL.",
    ),
    Knob("--cognito-scopes", "", "client_credentials: scopes to ask for, as api/read. Empty: all the client may have."),
    Knob(
        "--cognito-sign",
        "auto",
        "Sign calls with SigV4; auto: when AWS credentials are found.",
        ("auto", "always", "never"),
    ),
    Knob(
        "--cognito-refresh",
        "auto",
        "How tokens are renewed: initiate-auth (REFRESH_TOKEN_AUTH), get-tokens (GetTokensFromRefreshToken, which "
        "clients that rotate refresh tokens demand), never (a full login); auto: the first until Cognito refuses it.",
        WAYS,
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
        given_as="login_cap",
    ),
    Knob(
        "--cognito-quota",
        "",
        "Logins per second that your account's quota allows in its region: what a run is going to ask for is reckoned "
        f"against it before the first user. Empty: AWS's default, {DEFAULT_QUOTA:g} (client_credentials: "
        f"{DEFAULT_CLIENT_QUOTA:g}).",
    ),
    Knob(
        "--login-rate",
        "",
        "Open load: logins arrive at this rate per second, as 50, or in ramps, as 10:60s,100:5m. Empty: users wait for "
        "answers.",
    ),
    Knob("--login-arrivals", "constant", "How they arrive: evenly, or at random.", ("constant", "poisson")),
    Knob("--login-slots", "", "Login users that arrivals can take. Empty: two seconds of arrivals."),
    Knob(
        "--max-dropped",
        "",
        "So many of an open load's arrivals may find no slot before the run has failed, as 5%. Empty: 1%; in a "
        "sweep any number. A gate about dropped takes its place.",
    ),
    Knob("--login-sweep", "", "One number of concurrent logins after the other, as 1,2,5,10,20,50."),
    Knob("--login-rate-sweep", "", "One rate of arrivals after the other, as 10,20,50,100."),
    Knob("--sweep-hold", "20s", "How long each level of a sweep is held."),
    Knob(
        "--cognito-renew-margin", "60s", "A token is renewed so long before it expires, or at 40 % of a shorter life."
    ),
    Knob(
        "--cognito-renew-spread",
        "50%",
        "Renewals are spread at random over this share of a token's life, so that they do not come in waves; 0%: none.",
    ),
    Knob(
        "--cognito-max-lag",
        "50",
        "A run is invalid when its event loop came later than this at p99, in ms. Raise it on shared machines.",
        given_as="lag",
    ),
    Knob(
        "--gate", "", 'A condition the run must meet, as "InitiateAuth p95 < 300ms". Repeatable; several separated by ;'
    ),
    Knob("--warmup", "0", "How long at the start is in no figure, as 30s: connections open, caches fill, users spawn."),
    Knob(
        "--request-timeout",
        "",
        "How long an API request may take until its answer has come whole, redirects included, as 30s. Empty: 60s, or "
        "the class's network_timeout where that is longer.",
    ),
    Knob(
        "--max-answer",
        "64MiB",
        "How large the body of an API's answer may be, before and after its content coding is undone; a larger one "
        "fails the request.",
    ),
    Knob("--report", "yes", "Make report.html when the run ends; junit.xml and summary.md always are.", ("yes", "no")),
    Knob(
        "--cognito-show-accounts",
        "yes",
        "Name the accounts that Cognito rejected in results; no: the lines of the users file alone, for results that "
        "are shared.",
        ("yes", "no"),
    ),
    Knob("--samples", "no", "Write every sample to samples.jtl, as JMeter does.", ("no", "yes"), is_switch=True),
    Knob("--gate-file", "", "File with a gate a line; they hold besides those of --gate and of pyproject.toml."),
    Knob(
        "--baseline", "", "Results of an earlier run (results/...) to compare with; exit code 3 when this one is worse."
    ),
    Knob("--results-dir", "results", "Folder for results, a new folder in it for each run."),
    Knob(
        "--cognito-preflight",
        "auto",
        "What is checked before the load; auto: the way to Cognito and the clock; full: all that the doctor checks.",
        ("auto", "full", "off"),
    ),
    Knob(
        "--cognito-allow-production",
        "no",
        "Let the full check pass a pool that looks like production.",
        ("no", "yes"),
        is_switch=True,
    ),
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
