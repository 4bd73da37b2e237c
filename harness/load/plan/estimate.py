"""What a load is going to ask of Cognito, reckoned before its first user: logins at the start, renewals later.

Pure arithmetic. Tokens that are issued at one time are renewed in a window of their life (`harness.session.Renewal`),
so those of N users who come within S seconds are renewed at N / max(S, window) a second at most, and once the renewals
have spread, at N / mean time between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf
from typing import Final

from harness.evidence.reports.numbers import Numbers
from harness.session import MARGIN_SHARE, Renewal

ASSUMED_LIFE_S: Final = 3600.0
"""Cognito's default for access and ID tokens."""
LONGEST_LIFE_S: Final = 86_400.0
"""Cognito lets them live no longer."""
AT_DEFAULTS: Final = Renewal()
_BRIEF_S: Final = 1.0
"""Rates are per second: what comes within less is one second's."""
_ROUNDING: Final = 1 + 1e-9
"""A rate that equals its limit does not exceed it by what division loses."""
_NUMBERS: Final = Numbers()


@dataclass(frozen=True, slots=True)
class Load:
    """What is known about a load before it begins."""

    users: int = 0
    """API users."""
    accounts: int = 0
    """How many accounts they have, each with a token."""
    spawn_rate_per_s: float = 1.0
    """API users that come each second."""
    login_users: int = 0
    """Users that log in again as soon as they are answered: how often that is depends on the answers."""
    unknown_users: int = 0
    """Users that log in as often as a wait_time of their own lets them."""
    waiting_users: int = 0
    """Users that wait between logins for a time that is known."""
    waiting_per_s: float = 0.0
    """Logins of the waiting users, if answers took no time: there cannot be more."""
    arrivals_per_s: float = 0.0
    """Logins of an open load at its highest rate."""
    token_life_s: float = ASSUMED_LIFE_S
    is_life_known: bool = False
    """Whether a login has told it."""
    renewal: Renewal = AT_DEFAULTS
    quota_per_s: float = 120.0
    cap_per_s: float = 0.0
    """--cognito-max-login-rate; 0: none."""
    run_time_s: float = 0.0
    """0: nobody knows."""
    shares_quota: bool = True
    """Whether others draw on the quota, too: not in a sandbox."""


class Estimate:
    """The arithmetic of a load; rates are per second over all processes."""

    def __init__(self, load: Load) -> None:
        self.load = load
        renewal, life_s = load.renewal, load.token_life_s
        self.last_s = renewal.latest_s(life_s)
        """How long after a login its token is renewed at the latest."""
        self.first_s = self.last_s * (1 - renewal.spread_share)
        """The same, at the earliest."""
        self.mean_s = (self.first_s + self.last_s) / 2

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        load = self.load
        return not (load.accounts or self.unbounded_users or load.waiting_users or load.arrivals_per_s)

    @property
    def unbounded_users(self) -> int:
        """Login users that could log in as often as they are answered, as far as one knows."""
        return self.load.login_users + self.load.unknown_users

    @property
    def start_per_s(self) -> float:
        """Logins a second while API users come, as far as --cognito-max-login-rate lets them."""
        return min(self._wanted_per_s, self._cap_per_s)

    @property
    def start_s(self) -> float:
        """How long that takes."""
        return self.load.accounts / self.start_per_s if self.start_per_s else 0.0

    @property
    def renewals_per_s(self) -> float:
        """Renewals a second once they have spread over time."""
        return self.load.accounts / self.mean_s

    @property
    def wave_per_s(self) -> float:
        """Renewals a second at most: the first ones, of tokens that were issued one shortly after the other."""
        if not self.load.accounts:
            return 0.0
        window_s = max(self.start_s, self.last_s - self.first_s, _BRIEF_S)
        return max(self.renewals_per_s, self.load.accounts / window_s)

    @property
    def renews(self) -> bool:
        """Whether the run is long enough for renewals, as far as one knows."""
        return bool(self.load.accounts) and not 0 < self.load.run_time_s <= self.first_s

    @property
    def overlaps(self) -> bool:
        """Whether the first tokens are renewed while users still come."""
        return self.renews and self.start_s > self.first_s

    @property
    def peak_per_s(self) -> float:
        """Requests a second at most, of those that one knows of."""
        start, wave = self.start_per_s, self.wave_per_s if self.renews else 0.0
        together = start + wave if self.overlaps else max(start, wave)
        together += self.load.arrivals_per_s + self.load.waiting_per_s
        return min(together, max(self._cap_per_s, self.load.arrivals_per_s))

    def text(self) -> str:
        """The paragraph for people; empty when there is nothing to say."""
        if self.is_empty:
            return ""
        load = self.load
        quota = f"the quota is {_rate(load.quota_per_s)} (--cognito-quota, per account and region)"
        known = bool(load.accounts or load.arrivals_per_s or load.waiting_users)
        share = f": {self.peak_per_s / load.quota_per_s:.0%} of it at the peak" if known else ""
        apart = _users(self.unbounded_users, "login") if load.waiting_users else "the login users"
        share += f", besides {apart}" if known and self.unbounded_users else ""
        said = [*self._start(), *self._renewals(), *self._login_users(), f"{quota}{share}"]
        return "Estimate: " + ". ".join(sentence[0].upper() + sentence[1:] for sentence in said) + "."

    def warnings(self) -> list[str]:
        """What would exceed the quota, or --cognito-max-login-rate, each with two values to change."""
        load = self.load
        found = []
        waiting_per_s = self._waiting_per_s
        room = load.quota_per_s - load.arrivals_per_s - waiting_per_s
        if room < 0 <= room + waiting_per_s:
            left_per_s = room + waiting_per_s
            most = floor(left_per_s * load.waiting_users / load.waiting_per_s)
            found.append(
                f"{_users(load.waiting_users, 'login')} log in at up to {_rate(waiting_per_s)}, and the quota leaves "
                f"{_rate(left_per_s)}: have at most {_number(most)} of them, or let them wait longer "
                "(wait_time)"
            )
        elif room < 0:
            found.append(
                f"logins arrive at up to {_rate(load.arrivals_per_s)}, over the quota of {_rate(load.quota_per_s)}: "
                f"lower the rate to {_number(load.quota_per_s)}, or have the quota raised and say so (--cognito-quota)"
            )
        elif self.start_per_s > room:
            found.append(
                f"users who come at {_number(load.spawn_rate_per_s)} a second log in at up to "
                f"{_rate(self.start_per_s)}, and the quota leaves {_rate(room)}: set --spawn-rate to "
                f"{_whole(room)} or less, or have at most {_whole(room)} users"
            )
        elif self.overlaps and self.start_per_s + self.wave_per_s > room and self._cap_per_s > room:
            found.append(
                f"tokens are renewed while users still come, at up to {_rate(self.start_per_s + self.wave_per_s)} "
                f"together, and the quota leaves {_rate(room)}: set --spawn-rate to {_whole(room / 2)} or less, or "
                f"have at most {_whole(self.first_s * self.start_per_s)} users"
            )
        if room >= 0 and self.renews:
            found += self._too_many_renewals()
        if self.unbounded_users and load.shares_quota and self._cap_per_s > load.quota_per_s:
            found.append(
                f"nothing keeps {_users(self.unbounded_users, 'login')} below the quota of {_rate(load.quota_per_s)}: "
                f"set --cognito-max-login-rate to {_number(load.quota_per_s)} or less, or give them a --login-rate"
            )
        return found

    @property
    def most_users(self) -> int:
        """With how many API users renewals stay within what is left for them."""
        room, window_s = self._room_for_renewals, max(self.last_s - self.first_s, _BRIEF_S)
        comes_slowly = min(self.load.spawn_rate_per_s, self._cap_per_s) <= room
        return max(0, floor(room * (self.mean_s if comes_slowly else min(self.mean_s, window_s))))

    @property
    def shortest_life_s(self) -> float:
        """With which token life these users' renewals do; infinity when no life makes them."""
        room, spread = self._room_for_renewals, self.load.renewal.spread_share
        if room <= 0:
            return inf
        usable_s = self.load.accounts / room / (1 - spread / 2)
        if self.start_per_s > room:
            usable_s = max(usable_s, self.load.accounts / room / spread) if spread else inf
        margin_s = self.load.renewal.margin_s
        is_short = usable_s * MARGIN_SHARE < margin_s * (1 - MARGIN_SHARE)
        return usable_s / (1 - MARGIN_SHARE) if is_short else usable_s + margin_s

    @property
    def _wanted_per_s(self) -> float:
        return min(self.load.spawn_rate_per_s, float(self.load.accounts))

    @property
    def _cap_per_s(self) -> float:
        return self.load.cap_per_s or inf

    @property
    def _room_for_renewals(self) -> float:
        return min(self.load.quota_per_s, self._cap_per_s) - self.load.arrivals_per_s - self._waiting_per_s

    @property
    def _waiting_per_s(self) -> float:
        """What login users that wait take of the quota; nothing where the cap keeps all logins together below it."""
        keeps = self._cap_per_s <= self.load.quota_per_s - self.load.arrivals_per_s
        return 0.0 if keeps else min(self.load.waiting_per_s, self._cap_per_s)

    def _too_many_renewals(self) -> list[str]:
        room = self._room_for_renewals
        if self.wave_per_s <= room * _ROUNDING:
            return []
        load = self.load
        is_capped = self._cap_per_s <= load.quota_per_s
        what = "--cognito-max-login-rate" if is_capped else "the quota"
        life_s = self.shortest_life_s
        live = (
            f"have tokens live {_time(life_s)} or longer"
            if life_s <= LONGEST_LIFE_S
            else "widen --cognito-renew-spread"
        )
        sentence = (
            f"{_number(load.accounts)} tokens that live {_time(load.token_life_s)} are renewed at up to "
            f"{_rate(self.wave_per_s)}, and {what} leaves {_rate(max(room, 0))}: have at most "
            f"{_number(self.most_users)} users, or {live}"
        )
        return [sentence]

    def _start(self) -> list[str]:
        load, said = self.load, []
        if load.arrivals_per_s:
            said.append(f"logins arrive at up to {_rate(load.arrivals_per_s)}")
        if not load.accounts:
            return said
        who = _users(load.users, "API")
        if load.accounts < load.users:
            who += f" on {_number(load.accounts)} accounts"
        comes = f"{who}, {_number(load.spawn_rate_per_s)} a second: logins at up to {_rate(self._wanted_per_s)}"
        if self._wanted_per_s > self._cap_per_s:
            comes += f", of which --cognito-max-login-rate lets {_rate(self._cap_per_s)}"
        return [*said, f"{comes}, for {_time(self.start_s)}"]

    def _renewals(self) -> list[str]:
        load = self.load
        if not load.accounts:
            return []
        lives = f"tokens {'live' if load.is_life_known else 'are taken to live'} {_time(load.token_life_s)}"
        if not self.renews:
            return [f"{lives}: none is renewed in a run of {_time(load.run_time_s)}"]
        window = f"{_time(self.first_s)} to {_time(self.last_s)} after a login"
        if self.first_s == self.last_s:
            window = f"{_time(self.last_s)} after a login"
        sentence = (
            f"{lives} and are renewed {window}: {_number(load.accounts)} / {_time(self.mean_s)} = "
            f"{_rate(self.renewals_per_s)} renewals in steady state, {_rate(self.wave_per_s)} in the first wave"
        )
        return [sentence]

    def _login_users(self) -> list[str]:
        load, said = self.load, []
        cap = f", at most {_rate(load.cap_per_s)} together" if load.cap_per_s else ", and nothing caps them"
        if load.waiting_users:
            verb = "waits" if load.waiting_users == 1 else "wait"
            wait = f"{_users(load.waiting_users, 'login')} {verb} between logins: at most {_rate(load.waiting_per_s)}"
            capped = f", of which --cognito-max-login-rate lets {_rate(load.cap_per_s)}"
            said.append(f"{wait}{capped if load.waiting_per_s > self._cap_per_s else ''}, if answers took no time")
        if load.login_users:
            again = "logs in again as soon as it is" if load.login_users == 1 else "log in again as soon as they are"
            said.append(f"{_users(load.login_users, 'login')} {again} answered{cap}")
        if load.unknown_users:
            waits, rate = ("waits", "its rate") if load.unknown_users == 1 else ("wait", "their rate")
            said.append(
                f"{_users(load.unknown_users, 'login')} {waits} as a function of the class says, so {rate} is not "
                f"known{cap}"
            )
        return said


def _users(count: int, kind: str) -> str:
    return f"{_number(count)} {kind} user{'' if count == 1 else 's'}"


def _number(value: float) -> str:
    return _NUMBERS.count(int(value)) if value == int(value) else _NUMBERS.significant(value)


def _rate(per_s: float) -> str:
    return f"{_number(per_s)}/s"


def _whole(value: float) -> str:
    """At most so many; below one a rate still has its digits."""
    return _number(floor(value) if value >= 1 else value)


def _time(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.3g} s" if seconds < 120 else f"{minutes:.3g} min"  # noqa: PLR2004  # as people say it
