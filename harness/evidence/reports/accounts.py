"""Rejected accounts in words that every report shares."""

from __future__ import annotations

from typing import Final

from harness.evidence.storage.rejections import FILE_NAME, Rejections

HIDDEN: Final = "not shown"
"""In the place of a user name."""


def heading(rejections: Rejections) -> str:
    """How many there are, and where all of them stand; without a full stop."""
    count = rejections.count
    counted = f"{count} {'account was' if count == 1 else 'accounts were'} rejected and not tried again"
    if not rejections.are_named:
        return f"{counted}; user names are not shown (--cognito-show-accounts no)"
    return f"{counted}; {FILE_NAME} has all of them, for cognito-load provision reset-passwords --users"


def rows(rejections: Rejections, most: int) -> list[tuple[str, str, str]]:
    """Line of the users file, user name, and why; the earliest lines first."""
    return [(f"line {each.line}", each.username or HIDDEN, each.said) for each in rejections.first[:most]]
