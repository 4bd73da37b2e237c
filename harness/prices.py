"""What accounts cost: AWS's price list for monthly active users, as data with a date.

An account that is created, signs in, refreshes or is looked up counts once in that calendar month. The free allowance
is the AWS account's, over all its pools, so what is left of it is not known here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

DEFAULT_TIER: Final = "ESSENTIALS"
"""Of a pool that says nothing about its tier: what new pools get."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The prices of one feature plan, in US dollars a month."""

    name: str
    free: int
    """So many users of the AWS account cost nothing."""
    steps: tuple[tuple[float, float], ...]
    """Up to how many users (infinity at last) each of them costs how much, counted from the first user."""

    def cost(self, users: int) -> float:
        """What so many users cost when nobody else uses the AWS account."""
        return self._between(self.free, users)

    def most(self, users: int) -> float:
        """What so many users cost at most, when others have used up the free allowance."""
        return self._between(self.free, self.free + users)

    def _between(self, first: int, last: int) -> float:
        total, low = 0.0, float(first)
        for high, price in self.steps:
            total += max(0.0, min(last, high) - low) * price
            low = max(low, high)
        return total


@dataclass(frozen=True, slots=True)
class Prices:
    """A price list."""

    as_of: str
    """The day from which it holds, as YYYY-MM-DD."""
    source: str
    tiers: dict[str, Tier]

    def tier(self, name: str) -> Tier:
        """The prices of a pool's UserPoolTier; those of a new pool where it has none that is known."""
        return self.tiers.get(name) or self.tiers[DEFAULT_TIER]


@cache
def prices() -> Prices:
    """The price list that this release came with."""
    table = json.loads(files("harness").joinpath("prices.json").read_text("utf-8"))
    return Prices(
        table["as_of"],
        table["source"],
        {
            name: Tier(
                name,
                tier["free"],
                tuple((float("inf") if high is None else high, price) for high, price in tier["steps"]),
            )
            for name, tier in table["tiers"].items()
        },
    )


def sentence(users: int, tier_name: str) -> str:
    """What this number of accounts costs in a month, in words, with the list's date."""
    found, tier = prices(), prices().tier(tier_name)
    allowance = f"nothing within the free {tier.free:,} of the AWS account, else " if tier.free else ""
    return (
        f"{users:,} monthly active users on {tier.name.capitalize()}: {allowance}"
        f"up to ${tier.most(users):,.2f} a month (prices of {found.as_of}, {found.source})"
    )
