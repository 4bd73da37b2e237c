"""What can be wrong with the knobs, and that all of it is said at once."""

from __future__ import annotations

import re
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.settings import DEFAULT_LOGIN_RATE, KNOBS, Settings, problems_of
from harness.settings.limits import (
    DURATION,
    LAG,
    LEVELS,
    QUOTA,
    RATE,
    RENEW_MARGIN,
    RUN_TIME,
    SLOTS,
    SPAWN_RATE,
    USERS_PER_PROCESS,
)

GOOD = {
    "cognito_client_id": "1example23456789",
    "cognito_user_pool_id": "eu-west-1_AbC123",
}
UNCAPPED = {"cognito_max_login_rate": "0"}
MACHINE = {"cognito_flow": "client_credentials", "cognito_domain": "my-pool"}
SECRET = "the-client-secret-5a1"


def settings_of(profile_region: str = "", /, **options: object) -> Settings:
    return Settings.from_options({**GOOD, **options}, {"COGNITO_CLIENT_SECRET": SECRET}, profile_region)


class TestKnobs:
    def test_every_option_has_a_variable_that_begins_with_cognito(self) -> None:
        assert {knob.flag: knob.variable for knob in KNOBS if "cognito" not in knob.flag} == {
            "--gate": "COGNITO_GATE",
            "--gate-file": "COGNITO_GATE_FILE",
            "--baseline": "COGNITO_BASELINE",
            "--results-dir": "COGNITO_RESULTS_DIR",
            "--samples": "COGNITO_SAMPLES",
            "--report": "COGNITO_REPORT",
            "--warmup": "COGNITO_WARMUP",
            "--request-timeout": "COGNITO_REQUEST_TIMEOUT",
            "--max-answer": "COGNITO_MAX_ANSWER",
            "--login-rate": "COGNITO_LOGIN_RATE",
            "--login-arrivals": "COGNITO_LOGIN_ARRIVALS",
            "--login-slots": "COGNITO_LOGIN_SLOTS",
            "--max-dropped": "COGNITO_MAX_DROPPED",
            "--login-sweep": "COGNITO_LOGIN_SWEEP",
            "--login-rate-sweep": "COGNITO_LOGIN_RATE_SWEEP",
            "--sweep-hold": "COGNITO_SWEEP_HOLD",
        }
        assert all(knob.variable == knob.dest.upper() for knob in KNOBS if knob.flag.startswith("--cognito-"))

    def test_the_options_that_other_programs_rely_on_are_there(self) -> None:
        flags = {knob.flag for knob in KNOBS if knob.is_shown}
        assert flags == {
            "--cognito-allow-production",
            "--cognito-sandbox",
            "--cognito-sandbox-latency",
            "--cognito-preflight",
            "--cognito-client-id",
            "--cognito-user-pool-id",
            "--cognito-region",
            "--cognito-endpoint",
            "--cognito-max-lag",
            "--cognito-users",
            "--cognito-on-exhausted",
            "--cognito-keep-tokens",
            "--cognito-flow",
            "--cognito-first-factor",
            "--cognito-sign",
            "--cognito-refresh",
            "--cognito-domain",
            "--cognito-scopes",
            "--cognito-token-use",
            "--cognito-connection",
            "--cognito-ca-bundle",
            "--cognito-max-login-rate",
            "--cognito-show-accounts",
            "--cognito-quota",
            "--cognito-renew-margin",
            "--cognito-renew-spread",
            "--gate",
            "--gate-file",
            "--baseline",
            "--results-dir",
            "--samples",
            "--report",
            "--warmup",
            "--request-timeout",
            "--max-answer",
            "--login-rate",
            "--login-arrivals",
            "--login-slots",
            "--max-dropped",
            "--login-sweep",
            "--login-rate-sweep",
            "--sweep-hold",
        }

    def test_no_option_is_for_a_secret(self) -> None:
        """Locust sends options over the network and writes them into web pages."""
        assert not [knob.flag for knob in KNOBS if re.search("secret|password|token$", knob.flag)]


class TestFlows:
    def test_a_flow_with_what_it_needs_is_no_fault(self) -> None:
        assert problems_of(settings_of(cognito_flow="USER_SRP_AUTH")) == []
        assert problems_of(settings_of(cognito_flow="USER_AUTH", cognito_first_factor="PASSWORD_SRP")) == []
        assert problems_of(settings_of(cognito_flow="ADMIN_USER_PASSWORD_AUTH")) == []

    @pytest.mark.parametrize(
        "options",
        [
            {"cognito_flow": "USER_SRP_AUTH"},
            {"cognito_flow": "ADMIN_USER_PASSWORD_AUTH"},
            {"cognito_flow": "USER_AUTH", "cognito_first_factor": "PASSWORD_SRP"},
        ],
    )
    def test_srp_and_administrators_need_the_pool(self, options: dict[str, str]) -> None:
        [problem] = problems_of(settings_of(**options, cognito_user_pool_id="", cognito_region="eu-west-1"))
        assert "needs the user pool's id" in problem.message

    def test_a_preference_needs_the_flow_that_has_one(self) -> None:
        [problem] = problems_of(settings_of(cognito_first_factor="PASSWORD"))
        assert "--cognito-first-factor is PASSWORD" in problem.message

    def test_an_administrator_s_call_cannot_go_unsigned(self) -> None:
        [problem] = problems_of(settings_of(cognito_flow="ADMIN_USER_PASSWORD_AUTH", cognito_sign="never"))
        assert "has to be signed" in problem.message

    def test_a_first_factor_is_one_of_a_few(self) -> None:
        [problem] = problems_of(settings_of(cognito_flow="USER_AUTH", cognito_first_factor="WEB_AUTHN"))
        assert "Choose one of PASSWORD, PASSWORD_SRP, EMAIL_OTP, SMS_OTP" in problem.hint


class TestMachines:
    @pytest.mark.parametrize(
        ("domain", "url"),
        [
            ("my-pool", "https://my-pool.auth.eu-west-1.amazoncognito.com/oauth2/token"),
            ("auth.example.com", "https://auth.example.com/oauth2/token"),
            ("https://auth.example.com/", "https://auth.example.com/oauth2/token"),
            ("https://auth.example.com/oauth2/token", "https://auth.example.com/oauth2/token"),
            ("http://127.0.0.1:9229", "http://127.0.0.1:9229/oauth2/token"),
        ],
    )
    def test_a_domain_is_a_prefix_a_host_or_a_url(self, domain: str, url: str) -> None:
        settings = settings_of(**MACHINE | {"cognito_domain": domain, "cognito_region": "eu-west-1"})
        assert problems_of(settings) == []
        assert settings.given_url == url
        assert settings.is_local == ("127.0.0.1" in domain)

    def test_a_whole_host_needs_neither_pool_nor_region(self) -> None:
        options = {"cognito_domain": "auth.example.com", "cognito_user_pool_id": "", "cognito_region": ""}
        assert problems_of(settings_of(**MACHINE | options)) == []

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"cognito_domain": ""}, "needs the user pool's domain"),
            ({"cognito_domain": "https://"}, "which is no domain"),
            ({"cognito_domain": "https://user:canary@auth.example.com"}, "holds an @"),
            ({"cognito_domain": "http://auth.example.com"}, "is not encrypted"),
            ({"cognito_region": "", "cognito_user_pool_id": ""}, "no region is known"),
            ({"cognito_scopes": 'api/read "all"'}, "--cognito-scopes holds '\"all\"'"),
            ({"cognito_token_use": "id"}, "no id token"),
            ({"cognito_sign": "always"}, "never signed"),
            ({"cognito_flow": "USER_PASSWORD_AUTH"}, "--cognito-domain is set"),
        ],
    )
    def test_what_a_machine_cannot_log_in_with(self, changes: dict[str, str], said: str) -> None:
        [problem] = problems_of(settings_of(**MACHINE | changes))
        assert said in problem.message
        assert "canary" not in str(problem)

    def test_a_machine_needs_its_secret(self) -> None:
        given = {"cognito_client_id": "c", "cognito_region": "eu-west-1", **MACHINE}
        [problem] = problems_of(Settings.from_options(given, {}))
        assert "COGNITO_CLIENT_SECRET" in problem.hint

    @pytest.mark.parametrize("text", ["api/read api/write", "api/read,api/write", " api/read , api/write "])
    def test_scopes_stand_between_blanks_or_commas(self, text: str) -> None:
        assert settings_of(**MACHINE, cognito_scopes=text).scope_names == ("api/read", "api/write")


class TestReading:
    @pytest.mark.parametrize("nothing", [None, "", "  "])
    def test_none_and_empty_mean_the_default(self, nothing: str | None) -> None:
        """The web UI sends an untouched field back as empty text."""
        everything = {knob.dest: nothing for knob in KNOBS}
        assert Settings.from_options(everything, {}) == Settings() == Settings.from_options({}, {})

    def test_the_client_secret_comes_from_the_environment_only(self) -> None:
        assert settings_of().client_secret == SECRET
        assert Settings.from_options({"client_secret": "x", "cognito_client_secret": "x"}, {}).client_secret == ""

    def test_blanks_around_a_value_are_no_part_of_it(self) -> None:
        assert settings_of(cognito_region=" eu-west-1\n").given_region == "eu-west-1"

    def test_the_client_secret_is_neither_in_the_repr_nor_in_what_is_shown(self) -> None:
        settings = settings_of()
        assert SECRET not in repr(settings)
        assert SECRET not in str(settings.shown())

    def test_what_is_shown_is_what_is_in_force(self) -> None:
        shown = settings_of(cognito_sandbox_keys="/tmp/keys", cognito_run="r1").shown()  # noqa: S108  # never opened
        assert shown["region"] == "eu-west-1"
        assert shown["max_login_rate"] == "60"
        assert shown["client_id"] == GOOD["cognito_client_id"]
        assert not {"sandbox_keys", "run", "workers", "client_secret", "profile_region"} & set(shown)


class TestRegion:
    @pytest.mark.parametrize(
        ("option", "pool", "profile", "region"),
        [
            ("eu-west-1", "eu-west-1_AbC123", "us-east-2", "eu-west-1"),  # option and pool agree
            ("eu-west-1", "", "us-east-2", "eu-west-1"),  # the option beats the profile
            ("", "eu-west-1_AbC123", "us-east-2", "eu-west-1"),  # the pool beats the profile
            ("", "", "us-east-2", "us-east-2"),  # the profile is the last resort
            ("", "", "", ""),
        ],
    )
    def test_the_first_source_that_knows_decides(self, option: str, pool: str, profile: str, region: str) -> None:
        settings = settings_of(profile, cognito_region=option, cognito_user_pool_id=pool)
        assert settings.region == region
        assert bool(problems_of(settings)) == (not region)

    @pytest.mark.parametrize(
        "region", ["us-east-1", "us-gov-west-1", "cn-north-1", "ap-southeast-7", "mx-central-1", "eusc-de-east-1"]
    )
    def test_regions_of_all_partitions_are_regions(self, region: str) -> None:
        assert problems_of(settings_of(cognito_region=region, cognito_user_pool_id="")) == []
        assert problems_of(settings_of(cognito_user_pool_id=f"{region}_AbC123")) == []


FAULTS = [
    # options, how many faults, what the messages name
    ({"cognito_client_id": ""}, 1, "no app client id"),
    ({"cognito_client_id": "has space"}, 1, "'has space'"),
    ({"cognito_user_pool_id": "AbC123"}, 1, "'AbC123'"),
    ({"cognito_user_pool_id": "eu-west-1"}, 1, "'eu-west-1', which is not a user pool id"),
    ({"cognito_user_pool_id": "foo_bar"}, 1, "'foo', which is not an AWS region"),
    ({"cognito_user_pool_id": "", "cognito_region": ""}, 1, "no region is known"),
    ({"cognito_user_pool_id": "", "cognito_region": "Ireland"}, 1, "'Ireland'"),
    ({"cognito_region": "us-east-2"}, 1, "us-east-2, but user pool eu-west-1_AbC123 is in eu-west-1"),
    ({"cognito_endpoint": "cognito-idp.eu-west-1.amazonaws.com"}, 1, "is not a URL"),
    ({"cognito_endpoint": "ftp://cognito"}, 1, "is not a URL"),
    ({"cognito_endpoint": "https://"}, 1, "is not a URL"),
    ({"cognito_endpoint": "https://host:port"}, 1, "is not a URL"),
    ({"cognito_endpoint": "https://host:99999"}, 1, "is not a URL"),
    ({"cognito_endpoint": "http://[::1"}, 1, "is not a URL"),
    ({"cognito_endpoint": "http://cognito.example.com"}, 1, "not encrypted"),
    ({"cognito_endpoint": "http://127.0.0.1.example.com"}, 1, "not encrypted"),
    ({"cognito_endpoint": "https://user:hidden@cognito.example.com"}, 1, "holds an @"),
    ({"cognito_endpoint": "https://cognito-idp.us-east-2.amazonaws.com"}, 1, "us-east-2, but the region is eu-west-1"),
    ({"cognito_endpoint": "https://cognito-idp-fips.us-east-2.amazonaws.com"}, 1, "us-east-2"),
    ({"cognito_flow": "user_password_auth"}, 1, "'user_password_auth'"),
    ({"cognito_sign": "sometimes"}, 1, "--cognito-sign is 'sometimes'"),
    ({"cognito_token_use": "refresh"}, 1, "--cognito-token-use is 'refresh'"),
    ({"cognito_connection": "reuse"}, 1, "--cognito-connection is 'reuse'"),
    ({"cognito_max_login_rate": "fast"}, 1, "'fast'"),
    ({"cognito_max_login_rate": "-1"}, 1, "'-1'"),
    ({"cognito_renew_margin": "soon"}, 1, "--cognito-renew-margin is 'soon'"),
    ({"cognito_renew_spread": "100%"}, 1, "--cognito-renew-spread is '100%'"),
    ({"cognito_renew_spread": "0.5"}, 1, "--cognito-renew-spread is '0.5'"),
    ({"report": "pdf"}, 1, "--report is 'pdf'"),
    ({"login_rate": "fast"}, 1, "--login-rate is 'fast'"),
    ({"login_rate": "10:60s,100"}, 1, "--login-rate is '10:60s,100'"),
    ({"login_sweep": "1,2"}, 1, "the knee would be the cap's"),
    ({"login_rate": "10", "login_rate_sweep": "1,2"}, 1, "--login-rate and --login-rate-sweep are set"),
    ({**UNCAPPED, "login_sweep": "5,2"}, 1, "--login-sweep is '5,2'"),
    ({**UNCAPPED, "login_sweep": "1,2.5"}, 1, "--login-sweep is '1,2.5'"),
    ({"login_rate_sweep": "1,"}, 1, "--login-rate-sweep is '1,'"),
    ({"cognito_sandbox_latency": "slow"}, 1, "--cognito-sandbox-latency is 'slow'"),
    ({"max_dropped": "0.01"}, 1, "--max-dropped is '0.01'"),
    ({"max_dropped": "101%"}, 1, "--max-dropped is '101%'"),
    ({"max_dropped": "100%"}, 0, ""),
    ({"max_dropped": ""}, 0, ""),
    ({"login_rate": "5", "login_slots": "0"}, 1, "--login-slots is '0'"),
    ({"login_rate": "5", "login_arrivals": "random"}, 1, "'random'"),
    ({**UNCAPPED, "login_sweep": "1,2", "sweep_hold": "2s"}, 1, "--sweep-hold is '2s'"),
    ({"login_rate": "10:60s,100:5m"}, 1, "goes up to 100 logins/s, over the cap of 60"),
    ({"cognito_max_login_rate": "nan"}, 1, "'nan'"),
    ({"cognito_max_login_rate": "inf"}, 1, "'inf'"),
    ({"cognito_max_login_rate": "1e300"}, 1, "--cognito-max-login-rate is 1e300, over the limit of 10,000 logins/s"),
    ({"cognito_quota": "1e308"}, 1, "--cognito-quota is 1e308, over the limit of 1,000,000 logins/s"),
    ({"cognito_quota": "-1"}, 1, "--cognito-quota is '-1'"),
    ({"cognito_max_lag": "1e308"}, 1, "--cognito-max-lag is 1e308, over the limit of 60,000 ms"),
    ({"cognito_max_lag": "nan"}, 1, "--cognito-max-lag is 'nan'"),
    ({"cognito_renew_margin": "99999999h"}, 1, "over the limit of 86,400 s"),
    ({"cognito_renew_margin": "9" * 400}, 1, "over the limit of 86,400 s"),
    ({"max_answer": "much"}, 1, "--max-answer is 'much'"),
    ({"max_answer": "0"}, 1, "--max-answer is '0'"),
    ({"max_answer": "2GiB"}, 1, "--max-answer is 2GiB, over the limit of 1,073,741,824 bytes"),
    ({"max_answer": "10"}, 1, "--max-answer is 10, below the limit of 1024 bytes"),
    ({"request_timeout": "0"}, 1, "--request-timeout is '0'"),
    ({"request_timeout": "long"}, 1, "--request-timeout is 'long'"),
    ({"request_timeout": "25h"}, 1, "--request-timeout is 25h, over the limit of 86,400 s"),
    ({"warmup": "169h"}, 1, "--warmup is 169h, over the limit of 604,800 s"),
    ({**UNCAPPED, "login_rate": "1e300"}, 1, "--login-rate is 1e300, over the limit of 10,000 logins/s"),
    ({**UNCAPPED, "login_rate": "1e-300"}, 1, "--login-rate is 1e-300, below the limit of 0.001 logins/s"),
    ({**UNCAPPED, "login_rate": "5:99999h"}, 1, "over the limit of 604,800 s"),
    ({**UNCAPPED, "login_rate": ",".join(["5:1s"] * 1001)}, 1, "over the limit of 1,000 levels"),
    (
        {**UNCAPPED, "login_rate_sweep": "1,1e300"},
        1,
        "--login-rate-sweep is 1,1e300, over the limit of 10,000 logins/s",
    ),
    ({**UNCAPPED, "login_sweep": "1,1000000"}, 1, "--login-sweep is 1,1000000, over the limit of 100,000 login users"),
    ({**UNCAPPED, "login_sweep": ",".join(map(str, range(1, 1002)))}, 1, "over the limit of 1,000 levels"),
    ({**UNCAPPED, "login_sweep": "1,2", "sweep_hold": "999h"}, 1, "--sweep-hold is 999h, over the limit of 604,800 s"),
    ({"login_rate": "5", "login_slots": str(10**20)}, 1, "over the limit of 100,000 login users"),
    ({"login_rate": "5", "login_slots": "9" * 5000}, 1, "--login-slots is"),
    ({"login_rate": "5", "login_slots": "-1"}, 1, "--login-slots is '-1'"),
    (
        {
            "cognito_client_id": "?",
            "cognito_user_pool_id": "?",
            "cognito_region": "?",
            "cognito_endpoint": "?",
            "cognito_flow": "?",
            "cognito_sign": "?",
            "cognito_token_use": "?",
            "cognito_connection": "?",
            "cognito_max_login_rate": "?",
        },
        9,
        "--cognito-max-login-rate is '?'",
    ),
]


NUMBERS = {
    # every option that takes a number, and what of these it may be
    "cognito_max_login_rate": {"0"},  # no cap
    "cognito_quota": set(),
    "cognito_renew_margin": {"0"},
    "cognito_renew_spread": set(),
    "cognito_max_lag": set(),
    "max_dropped": set(),
    "warmup": {"0"},
    "login_rate": set(),
    "login_slots": set(),
    "login_sweep": set(),
    "login_rate_sweep": set(),
    "sweep_hold": set(),
    "cognito_sandbox_latency": {"0"},
    "max_answer": set(),
    "request_timeout": set(),
}
TEXTS = {
    *("cognito_client_id", "cognito_user_pool_id", "cognito_region", "cognito_endpoint", "cognito_users"),
    *("cognito_domain", "cognito_scopes", "cognito_ca_bundle", "gate", "gate_file", "baseline", "results_dir"),
    *("cognito_sandbox_keys", "cognito_run", "cognito_workers"),
}


def test_every_option_is_a_choice_a_number_or_a_text() -> None:
    """A new number is in the table that holds it to what it cannot be."""
    assert {knob.dest for knob in KNOBS if not knob.choices} == TEXTS | set(NUMBERS)


@pytest.mark.parametrize("option", NUMBERS)
@pytest.mark.parametrize("given", ["nan", "inf", "-inf", "-1", "0", "1e308", "1e-308", "9" * 5000, "0x10", "1,,2"])
def test_a_number_that_cannot_work_is_a_fault_of_its_option(option: str, given: str) -> None:
    others = {**UNCAPPED, "login_rate": "5"} if option == "login_slots" else UNCAPPED
    found = problems_of(settings_of(**others | {option: given}))
    assert bool(found) == (given not in NUMBERS[option])
    flag = f"--{option.replace('_', '-')}"
    assert all(flag in problem.message for problem in found)


class TestProblems:
    def test_good_settings_have_none(self) -> None:
        assert problems_of(settings_of()) == []

    @pytest.mark.parametrize(("options", "count", "named"), FAULTS)
    def test_every_fault_is_named_once_and_has_a_hint(self, options: dict[str, str], count: int, named: str) -> None:
        problems = problems_of(settings_of(**options))
        assert len(problems) == count
        assert named in "\n".join(problem.message for problem in problems)
        assert all(problem.hint for problem in problems)

    def test_a_password_in_the_endpoint_is_not_repeated(self) -> None:
        problems = problems_of(settings_of(cognito_endpoint="http://user:hidden@cognito.example.com"))
        assert problems
        assert "hidden" not in "".join(map(str, problems))

    @pytest.mark.parametrize(
        "endpoint",
        [
            "https://cognito-idp.eu-west-1.amazonaws.com/",
            "https://cognito-idp-fips.eu-west-1.amazonaws.com",
            "https://vpce-1.cognito.internal:8443/path",
            "http://127.0.0.1:9229",
            "http://localhost:9229",
            "http://[::1]:9229",
        ],
    )
    def test_good_endpoints(self, endpoint: str) -> None:
        assert problems_of(settings_of(cognito_endpoint=endpoint)) == []

    @given(st.dictionaries(st.sampled_from([knob.dest for knob in KNOBS]), st.text(max_size=40)))
    def test_whatever_is_given_is_judged_and_never_crashes(self, options: dict[str, str]) -> None:
        settings = Settings.from_options(options, {})
        assert all(problem.message and problem.hint for problem in problems_of(settings))
        assert isfinite(settings.max_login_rate)
        settings.shown()


class TestLoginRate:
    @pytest.mark.parametrize(
        ("endpoint", "given", "rate"),
        [
            ("", "", DEFAULT_LOGIN_RATE),  # Amazon: capped by default
            ("https://cognito.example.com", "", DEFAULT_LOGIN_RATE),
            ("http://127.0.0.1:9229", "", 0.0),  # the sandbox: no cap
            ("http://127.3.2.1:9229", "", 0.0),
            ("http://localhost:9229", "", 0.0),
            ("https://[::1]:9229", "", 0.0),
            ("https://127.0.0.1.example.com", "", DEFAULT_LOGIN_RATE),  # a name that only looks like loopback
            ("https://localhost.example.com", "", DEFAULT_LOGIN_RATE),
            ("", "0", 0.0),  # no cap, when somebody says so
            ("", "7.5", 7.5),
            ("http://127.0.0.1:9229", "7.5", 7.5),
        ],
    )
    def test_logins_are_capped_everywhere_but_in_the_sandbox(self, endpoint: str, given: str, rate: float) -> None:
        assert settings_of(cognito_endpoint=endpoint, cognito_max_login_rate=given).max_login_rate == rate


@pytest.mark.parametrize(
    ("given", "seconds"), [("30s", 30.0), ("2m", 120.0), ("0", 0.0), ("1.5", 1.5), ("500ms", 0.5), ("", 0.0)]
)
def test_a_warm_up_is_a_duration(given: str, seconds: float) -> None:
    assert Settings.from_options({"warmup": given}, {}).warmup_s == seconds


@pytest.mark.parametrize("given", ["soon", "-5s", "30 apples", "nan"])
def test_a_warm_up_that_is_no_duration_is_a_fault(given: str) -> None:
    messages = [problem.message for problem in problems_of(Settings.from_options({"warmup": given}, {}))]
    assert f"--warmup is {given!r}" in messages


@pytest.mark.parametrize(("given", "written"), [("", False), ("no", False), ("yes", True)])
def test_samples_are_written_when_that_was_asked_for(given: str, written: bool) -> None:
    assert Settings.from_options({"samples": given}, {}).writes_samples is written


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ("64MiB", 64 * 1024**2),
        ("1.5 kib", 1536),
        ("10MB", 10_000_000),
        ("4096", 4096),
        ("512B", 512),
        ("", 64 * 1024**2),
    ],
)
def test_the_size_of_an_answer(given: str, size: int) -> None:
    assert settings_of(max_answer=given).max_answer_bytes == size


def test_the_limits_stand_in_the_documentation() -> None:
    """One place says them with their reasons, for the code and for people."""
    page = (Path(__file__).parents[1] / "docs/load-models.md").read_text("utf-8")
    for limit in (RATE, QUOTA, USERS_PER_PROCESS, SLOTS, SPAWN_RATE, LEVELS, DURATION, RUN_TIME, RENEW_MARGIN, LAG):
        assert f"| {limit.said} |" in page


@pytest.mark.parametrize(
    ("options", "share"),
    [
        ({}, 0.01),
        ({"max_dropped": "5%"}, 0.05),
        ({"max_dropped": "0%"}, 0.0),
        ({"login_rate_sweep": "10,20"}, 1.0),
        ({"login_rate_sweep": "10,20", "max_dropped": "5%"}, 0.05),
    ],
)
def test_a_sweep_may_drop_arrivals_unless_it_is_told_how_many(options: dict[str, str], share: float) -> None:
    assert Settings(**options).max_dropped_share == share
