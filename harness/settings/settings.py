"""What the user asked for, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import ceil
from typing import Final, Self

from harness.cognito.flows import CLIENT_CREDENTIALS
from harness.evidence.judging.sweep import CONCURRENT, PER_SECOND, Plan
from harness.evidence.judging.verdict import MAX_DROPPED_SHARE
from harness.settings.knobs import DEFAULT_CLIENT_QUOTA, DEFAULT_LOGIN_RATE, DEFAULT_QUOTA, KNOBS
from harness.settings.rates import Stage, levels, stages
from harness.settings.units import number, seconds, share, size_bytes, whole
from harness.settings.url import POOL_ID, is_loopback, token_url

SLOTS_S: Final = 2.0
"""As many slots as arrive in this time, unless --login-slots says: answers take less, or something is wrong."""
FEWEST_SLOTS: Final = 10
CLIENT_SECRET_VARIABLE: Final = "COGNITO_CLIENT_SECRET"  # noqa: S105  # the name of a variable


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for, typed. Build it with `from_options`; `problems_of` says what cannot work."""

    client_id: str = ""
    sandbox: str = "no"
    """As given; read `is_sandbox`."""
    sandbox_latency: str = "0"
    """As given; read `sandbox_latency_s`."""
    client_secret: str = field(default="", repr=False)
    """From the environment only."""
    user_pool_id: str = ""
    given_region: str = ""
    profile_region: str = ""
    """The AWS profile's region: the last resort."""
    given_endpoint: str = ""
    users: str = "users.csv"
    on_exhausted: str = "stop"
    """What happens when API users have no row left; one of `harness.load.leases.Exhausted`."""
    keep_tokens: str = "no"
    """As given; read `keeps_tokens`."""
    flow: str = "USER_PASSWORD_AUTH"
    first_factor: str = ""
    """What USER_AUTH prefers."""
    domain: str = ""
    """As given; read `given_url`."""
    scopes: str = ""
    """As given, between blanks or commas; read `scope_names`."""
    sign: str = "auto"
    """As given; read `signing`."""
    refresh: str = "auto"
    """How tokens are renewed."""
    token_use: str = "access"  # noqa: S105  # a choice
    connection: str = "keep"
    ca_bundle: str = ""
    renew_margin: str = "60s"
    """As given; read `renew_margin_s`."""
    renew_spread: str = "50%"
    """As given; read `renew_spread_share`."""
    login_cap: str = ""
    """As given, in logins per second over all workers; read `max_login_rate`."""
    quota: str = ""
    """As given, in logins per second; read `quota_per_s`."""
    login_rate: str = ""
    """As given; read `arrivals`."""
    login_arrivals: str = "constant"
    login_slots: str = ""
    """As given; read `slots`."""
    max_dropped: str = ""
    """As given; read `max_dropped_share`."""
    login_sweep: str = ""
    """As given; read `sweep`. The same for the next two."""
    login_rate_sweep: str = ""
    sweep_hold: str = "20s"
    lag: str = "50"
    """As given, in milliseconds; read `max_lag_ms`."""
    gate: str = ""
    """All gates, separated by `;`."""
    warmup: str = "0"
    """As given; read `warmup_s`."""
    request_timeout: str = ""
    """As given; read `request_timeout_s`."""
    max_answer: str = "64MiB"
    """As given; read `max_answer_bytes`."""
    report: str = "yes"
    """`no`: summary.json is all; `cognito-load report build` makes the rest."""
    show_accounts: str = "yes"
    """`no`: user names are in no result."""
    samples: str = "no"
    """`yes`: every sample is written down."""
    gate_file: str = ""
    baseline: str = ""
    """Folder of an earlier run's results."""
    results_dir: str = "results"
    preflight: str = "auto"
    """What is checked before the load."""
    allow_production: str = "no"
    """As given; read `allows_production`."""
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
        given = {knob.field: str(options.get(knob.dest) or "").strip() or knob.default for knob in KNOBS}
        secret = "" if given["sandbox"] == "yes" else environ.get(CLIENT_SECRET_VARIABLE, "")
        return cls(**given, client_secret=secret, profile_region=profile_region)

    @property
    def region(self) -> str:
        """The region of calls and signatures: the option, else the pool id's prefix, else the AWS profile's."""
        return self.given_region or self.pool_region or self.profile_region

    @property
    def sandbox_latency_s(self) -> float:
        """How long a sandbox of this run holds back each answer of Cognito, in seconds."""
        return seconds(self.sandbox_latency) or 0.0

    @property
    def is_sandbox(self) -> bool:
        """Whether `locust` starts a sandbox for itself, or has started it. Its app client has no secret."""
        return self.sandbox == "yes"

    @property
    def is_machine(self) -> bool:
        """Whether the app client logs in for itself, and no user."""
        return self.flow == CLIENT_CREDENTIALS

    @property
    def given_url(self) -> str:
        """Where logins go: the domain's token endpoint, or Cognito's endpoint if one is given; empty: the region's."""
        return token_url(self.domain, self.region) if self.is_machine else self.given_endpoint

    @property
    def signing(self) -> str:
        """How calls are signed: `sign`; but OAuth knows no AWS signature."""
        return "never" if self.is_machine else self.sign

    @property
    def scope_names(self) -> tuple[str, ...]:
        """What client_credentials asks for."""
        return tuple(self.scopes.replace(",", " ").split())

    @property
    def is_local(self) -> bool:
        """Whether Cognito is on this machine's loopback: the sandbox, not a service that others use."""
        return is_loopback(self.given_url)

    @property
    def max_login_rate(self) -> float:
        """Logins per second over all workers; 0 means no cap."""
        if self.login_cap:
            return number(self.login_cap) or 0.0
        return 0.0 if self.is_local else DEFAULT_LOGIN_RATE

    @property
    def quota_per_s(self) -> float:
        """Logins per second that the account's quota allows in its region, for all pools together."""
        default = DEFAULT_CLIENT_QUOTA if self.is_machine else DEFAULT_QUOTA
        return (number(self.quota) if self.quota else None) or default

    @property
    def sweep(self) -> Plan | None:
        """The levels of a sweep; None without one."""
        hold_s = seconds(self.sweep_hold) or 0.0
        for text, unit in ((self.login_sweep, CONCURRENT), (self.login_rate_sweep, PER_SECOND)):
            if found := levels(text) if text else None:
                return Plan(found, unit, hold_s)
        return None

    @property
    def arrivals(self) -> tuple[Stage, ...]:
        """How the rate of arrivals goes; empty where users wait for answers."""
        if self.login_rate_sweep and (sweep := self.sweep) is not None:
            return tuple(stage for rate in sweep.levels for stage in (Stage(rate, 0.0), Stage(rate, sweep.hold_s)))
        return (stages(self.login_rate) or ()) if self.login_rate else ()

    @property
    def slots(self) -> int | None:
        """Login users that arrivals can take; None where users wait for answers."""
        if not self.arrivals:
            return None
        if given := whole(self.login_slots):
            return given
        return max(FEWEST_SLOTS, ceil(SLOTS_S * max(stage.target_per_s for stage in self.arrivals)))

    @property
    def max_dropped_share(self) -> float:
        """Which share of arrivals may be dropped before a run has failed; a sweep goes on purpose to where some are."""
        if not self.max_dropped:
            return MAX_DROPPED_SHARE if self.sweep is None else 1.0
        return share(self.max_dropped, may_be_all=True) or 0.0

    @property
    def renew_margin_s(self) -> float:
        """How long before its expiry a token is renewed at the latest."""
        return seconds(self.renew_margin) or 0.0

    @property
    def renew_spread_share(self) -> float:
        """Over which share of a token's life renewals are spread."""
        return share(self.renew_spread) or 0.0

    @property
    def max_lag_ms(self) -> float:
        """How late the event loop may come at p99 before the run's figures prove nothing."""
        return number(self.lag) or 0.0

    @property
    def warmup_s(self) -> float:
        """How long at the start is in no figure, in seconds."""
        return seconds(self.warmup) or 0.0

    @property
    def request_timeout_s(self) -> float | None:
        """How long an API request may take, in seconds; None when that was not said."""
        return seconds(self.request_timeout) if self.request_timeout else None

    @property
    def max_answer_bytes(self) -> int:
        """How large the body of an API's answer may be."""
        return size_bytes(self.max_answer) or 0

    @property
    def keeps_tokens(self) -> bool:
        """Whether an account keeps its tokens when its user stops."""
        return self.keep_tokens == "yes"

    @property
    def allows_production(self) -> bool:
        """Whether a pool that looks like production is no fault."""
        return self.allow_production == "yes"

    @property
    def makes_page(self) -> bool:
        """Whether report.html is made when the run ends."""
        return self.report == "yes"

    @property
    def shows_accounts(self) -> bool:
        """Whether results name the accounts that Cognito rejected."""
        return self.show_accounts == "yes"

    @property
    def writes_samples(self) -> bool:
        """Whether every sample is written down."""
        return self.samples == "yes"

    def shown(self) -> dict[str, str]:
        """The settings for a report, by option: no secret, nothing internal."""
        values = {f.name: str(getattr(self, f.name)) for f in fields(self) if f.name not in _UNSHOWN}
        values["region"] = self.region
        values["max_lag_ms"] = f"{self.max_lag_ms:g}"
        values["max_login_rate"] = f"{self.max_login_rate:g}"
        values["quota"] = f"{self.quota_per_s:g}"
        return {name.removeprefix("given_"): value for name, value in values.items() if value}

    @property
    def pool_region(self) -> str:
        """The region in the user pool's id; empty without one."""
        return self.user_pool_id.partition("_")[0] if POOL_ID.fullmatch(self.user_pool_id) else ""


_UNSHOWN: Final = {
    "client_secret",
    "given_region",
    "profile_region",
    "login_cap",
    "lag",
    "sandbox_keys",
    "run",
    "workers",
    "gate",
}
