"""Random passwords that a pool's policy accepts."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from typing import Final

LENGTH: Final = 20
LONGEST: Final = 256
"""Of Cognito's passwords: the service model's PasswordType."""
SYMBOLS: Final = "!#%*+-_?^~."
"""Some of what Cognito calls symbols: none that means something to a CSV file, a shell or a reference (`env:`)."""
CLASSES: Final = (string.ascii_uppercase, string.ascii_lowercase, string.digits, SYMBOLS)

Choose = Callable[[Sequence[str]], str]
"""Picks one at random: `secrets.choice`."""


def shortest(policy: Mapping[str, object]) -> int:
    """The least length in a pool's PasswordPolicy, as DescribeUserPool has it."""
    length = policy.get("MinimumLength")
    return length if isinstance(length, int) else 0


def new_password(policy: Mapping[str, object], choose: Choose) -> str:
    """A password with all four classes of characters, whichever the policy demands, and at least 20 characters.

    Args:
        policy: PasswordPolicy of DescribeUserPool.
        choose: Picks at random, unpredictably.
    """
    length = min(LONGEST, max(LENGTH, shortest(policy)))
    everything = "".join(CLASSES)
    while True:  # most draws have all classes; drawing anew keeps every one of them equally likely
        password = choose(string.ascii_letters) + "".join(choose(everything) for _ in range(length - 1))
        if all(set(password) & set(characters) for characters in CLASSES):
            return password
