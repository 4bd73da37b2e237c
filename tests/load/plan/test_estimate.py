"""What a load is reckoned to ask of Cognito: by hand in tables, and turned round by a property."""

from __future__ import annotations

from dataclasses import replace
from math import floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.load.plan.estimate import Estimate, Load
from harness.session import Renewal

HOUR = Renewal()
"""The defaults: 60 s margin, half of the rest as the window: tokens of an hour are renewed after 1770 to 3540 s."""


def load(users: int, spawn_rate: float = 10.0, **others: object) -> Load:
    return Load(users=users, accounts=users, spawn_rate_per_s=spawn_rate, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given_load", "start_per_s", "start_s", "renewals_per_s", "wave_per_s", "peak_per_s"),
    [
        # 5,000 users in 500 s; each renews every 2655 s on average, the first time within a window of 1770 s
        (load(5000), 10, 500, 5000 / 2655, 5000 / 1770, 10),
        # all in the same second: no more than there are
        (load(100, 500), 100, 1, 100 / 2655, 100 / 1770, 100),
        # spawned more slowly than the window: the wave is as flat as the spawning
        (load(5000, 2), 2, 2500, 5000 / 2655, 5000 / 2500, 2 + 5000 / 2500),
        # the cap lets 60/s through, and so it lasts longer
        (load(5000, 500, cap_per_s=60.0), 60, 5000 / 60, 5000 / 2655, 5000 / 1770, 60),
        # without a spread the first renewals come as the users came
        (load(5000, 50, renewal=Renewal(spread_share=0.0)), 50, 100, 5000 / 3540, 50, 50),
        # five-minute tokens: the margin leaves 240 s, a window of 120 s, 180 s on average
        (load(5000, 50, token_life_s=300.0), 50, 100, 5000 / 180, 5000 / 120, 50),
        # the window is over before all are here: logins and renewals together, as far as the cap lets them
        (load(6000, 20, token_life_s=300.0), 20, 300, 6000 / 180, 6000 / 180, 20 + 6000 / 180),
        (load(6000, 20, token_life_s=300.0, cap_per_s=40.0), 20, 300, 6000 / 180, 6000 / 180, 40),
        # a run that ends before the first renewal
        (load(5000, run_time_s=1000.0), 10, 500, 5000 / 2655, 5000 / 1770, 10),
        # arrivals of an open load besides
        (load(5000, arrivals_per_s=30.0), 10, 500, 5000 / 2655, 5000 / 1770, 40),
        (Load(arrivals_per_s=30.0), 0, 0, 0, 0, 30),
    ],
)
def test_rates_by_hand(given_load, start_per_s, start_s, renewals_per_s, wave_per_s, peak_per_s):
    estimate = Estimate(given_load)
    found = (estimate.start_per_s, estimate.start_s, estimate.renewals_per_s, estimate.wave_per_s, estimate.peak_per_s)
    assert found == pytest.approx((start_per_s, start_s, renewals_per_s, wave_per_s, peak_per_s))


@pytest.mark.parametrize(
    ("given_load", "says"),
    [
        (load(5000), ""),
        (load(120, 500), ""),  # the quota itself is allowed
        (
            load(121, 500),
            "log in at up to 121/s, and the quota leaves 120/s: set --spawn-rate to 120 or less, or have at",
        ),
        (load(5000, 500, cap_per_s=60.0), ""),
        (load(5000, 500, cap_per_s=200.0), "log in at up to 200/s, and the quota leaves 120/s"),
        (load(5000, 100, arrivals_per_s=40.0), "log in at up to 100/s, and the quota leaves 80/s"),
        (Load(arrivals_per_s=121.0), "arrive at up to 121/s, over the quota of 120/s: lower the rate to 120"),
        (Load(arrivals_per_s=120.0), ""),
        (load(7000, 120, renewal=Renewal(spread_share=0.0)), ""),  # comes back as it came, and no faster
        # 15,000 / 150 s
        (load(15_000, 100, token_life_s=300.0), "renewed while users still come, at up to 200/s together"),
        (
            load(30_000, 100, token_life_s=300.0, quota_per_s=150.0),
            "renewed at up to 167/s, and the quota leaves 150/s: have at most 27 000 users, or have tokens live 5.44",
        ),
        (
            load(9000, 10, token_life_s=300.0, cap_per_s=40.0),
            "renewed at up to 50/s, and --cognito-max-login-rate leaves 40/s: have at most 7 200 users, or have tokens",
        ),
        (load(9000, 10, token_life_s=300.0, cap_per_s=40.0, run_time_s=100.0), ""),
        (Load(login_users=5, cap_per_s=60.0), ""),
        (Load(waiting_users=120, waiting_per_s=120.0), ""),
        (
            Load(waiting_users=300, waiting_per_s=150.0),
            "300 login users log in at up to 150/s, and the quota leaves 120/s: have at most 240 of them, or let them",
        ),
        (Load(waiting_users=300, waiting_per_s=150.0, cap_per_s=60.0), ""),
        (
            Load(waiting_users=90, waiting_per_s=90.0, arrivals_per_s=40.0),
            "up to 90/s, and the quota leaves 80/s",
        ),
        (
            replace(load(5000, 100), waiting_users=40, waiting_per_s=40.0),
            "log in at up to 100/s, and the quota leaves 80",
        ),
        (Load(unknown_users=5), "nothing keeps 5 login users below the quota of 120/s"),
        (
            Load(login_users=5),
            "nothing keeps 5 login users below the quota of 120/s: set --cognito-max-login-rate to 120",
        ),
        (Load(login_users=5, cap_per_s=121.0), "nothing keeps 5 login users below"),
        (Load(login_users=5, shares_quota=False), ""),
    ],
)
def test_what_would_exceed_the_quota_is_said_with_two_values(given_load, says):
    found = Estimate(given_load).warnings()
    assert bool(found) == bool(says), found
    assert says in " ".join(found)


def test_the_paragraph_has_the_arithmetic():
    assert Estimate(load(5000)).text() == (
        "Estimate: 5 000 API users, 10 a second: logins at up to 10/s, for 8.33 min. Tokens are taken to live 60 min "
        "and are renewed 29.5 min to 59 min after a login: 5 000 / 44.2 min = 1.88/s renewals in steady state, 2.82/s "
        "in the first wave. The quota is 120/s (--cognito-quota, per account and region): 8% of it at the peak."
    )


@pytest.mark.parametrize(
    ("given_load", "says"),
    [
        (load(1), "Estimate: 1 API user, 10 a second: logins at up to 1/s, for 1 s. "),
        (
            load(500, token_life_s=300.0, is_life_known=True),
            "Tokens live 5 min and are renewed 2 min to 4 min after a login: 500 / 3 min = 2.78/s",
        ),
        (load(500, run_time_s=600.0), "live 60 min: none is renewed in a run of 10 min. "),
        (load(500, renewal=Renewal(spread_share=0.0)), "are renewed 59 min after a login: "),
        (
            load(500, 100, cap_per_s=60.0),
            "logins at up to 100/s, of which --cognito-max-login-rate lets 60/s, for 8.33 s",
        ),
        (replace(load(500), accounts=20), "500 API users on 20 accounts, "),
        (Load(login_users=3, cap_per_s=60.0), "3 login users log in again as soon as they are answered, at most 60/s"),
        (
            Load(waiting_users=10, waiting_per_s=10.0),
            "10 login users wait between logins: at most 10/s, if answers took no time. The quota is 120/s",
        ),
        (
            Load(waiting_users=100, waiting_per_s=100.0, cap_per_s=60.0),
            "at most 100/s, of which --cognito-max-login-rate lets 60/s, if answers took no time",
        ),
        (
            Load(unknown_users=2),
            "2 login users wait as a function of the class says, so their rate is not known, and nothing caps them",
        ),
        (Load(waiting_users=1, waiting_per_s=2.0), "1 login user waits between logins: at most 2/s"),
        (Load(login_users=1), "1 login user logs in again as soon as it is answered"),
        (Load(unknown_users=1), "1 login user waits as a function of the class says, so its rate is not known"),
        (
            Load(waiting_users=1, waiting_per_s=1.0, login_users=2),
            "region): 1% of it at the peak, besides 2 login users.",
        ),
        (
            Load(login_users=3),
            "as soon as they are answered, and nothing caps them. The quota is 120/s (--cognito-quota",
        ),
        (replace(load(500), login_users=3, cap_per_s=60.0), "region): 8% of it at the peak, besides the login users."),
        (Load(arrivals_per_s=60.0), "Estimate: Logins arrive at up to 60/s. The quota is 120/s"),
        (Load(), ""),
    ],
)
def test_each_kind_of_load_has_its_sentence(given_load, says):
    text = Estimate(given_load).text()
    assert says in text
    assert bool(text) == bool(says)


@given(
    users=st.integers(1, 10**6),
    spawn_rate=st.floats(0.1, 2000),
    life_s=st.sampled_from([3.0, 300.0, 3600.0, 86_400.0]),
    spread=st.floats(0, 0.9),
    quota=st.floats(5, 500),
    cap=st.sampled_from([0.0, 60.0]),
)
def test_what_is_proposed_is_enough_and_no_less_is(users, spawn_rate, life_s, spread, quota, cap):
    """With as many users as were proposed, or as long a life, renewals fit; with a little more or less they do not."""
    given_load = load(
        users, spawn_rate, token_life_s=life_s, renewal=Renewal(60.0, spread), quota_per_s=quota, cap_per_s=cap
    )
    estimate = Estimate(given_load)
    room = min(quota, cap or quota)
    assume(estimate.wave_per_s > room * 1.001)

    fewer = estimate.most_users
    assert fewer < users
    assert Estimate(replace(given_load, users=fewer, accounts=fewer)).wave_per_s <= room * 1.001
    more = floor(fewer * 1.01) + 2
    assert Estimate(replace(given_load, users=more, accounts=more)).wave_per_s > room or more >= users

    longer_s = estimate.shortest_life_s
    if longer_s < 10**9:
        assert Estimate(replace(given_load, token_life_s=longer_s * 1.001)).wave_per_s <= room * 1.001
        assert Estimate(replace(given_load, token_life_s=longer_s * 0.99)).wave_per_s > room
