"""Data: what an error means and what to do about it, and how it is named in one row of a table.

Sources: the errors that the `cognito-idp` service model lists, their messages as the service sends them, AWS's
developer guide on quotas, lockout and app clients, and its "Troubleshoot Signature Version 4 signing for AWS API
requests".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from harness.cognito.remedies import api, exchanges, logins, oauth, pools
from harness.cognito.remedies.row import Remedy, Row
from harness.cognito.wire import CHALLENGE_UNANSWERED, MISSING_TARGET, MISSING_TOKEN, NO_AWS_KEYS, NOT_COGNITO

__all__ = ["ROWS", "Remedy", "concerns_account", "impersonal", "is_cognitos_own", "lookup", "short"]

ROWS: Final[tuple[Row, ...]] = (
    *logins.ROWS,
    *pools.ROWS,
    *oauth.ROWS,
    *exchanges.ROWS,
    *api.ROWS,
)

_ELLIPSIS: Final = "\u2026"
_LONGEST_SHORT: Final = 160
"""Characters of a message in Locust's failures table; more would be folded over several lines."""
_OURS: Final = frozenset(
    {
        CHALLENGE_UNANSWERED,
        MISSING_TARGET,
        MISSING_TOKEN,
        NO_AWS_KEYS,
        NOT_COGNITO,
        "ConnectError",
        "TimedOutError",
        "ProtocolError",
        "TransportError",
        *(row.kind for row in (*oauth.ROWS, *api.ROWS)),
    }
)
"""Errors whose messages this project words itself, the same for every user who meets them."""
_OTHER_MESSAGES: Final = (
    "User does not exist.",
    "User is not confirmed.",
    "Password reset required for the user",
    "Request not allowed due to WAF block.",
    "The security token included in the request is invalid. The security token included in the request is expired",
    "Missing Authentication Token",
    "Password does not conform to policy: Password not long enough",
    "Password must have uppercase lowercase numeric symbol characters",
    "PreAuthentication PostAuthentication PreTokenGeneration UserMigration failed with error",
    "invocation failed due to configuration. Unrecognizable lambda output",
    "Invalid code or auth state for the user. Invalid code received for user",
)
"""What Cognito says with errors that their kind alone tells apart."""
_COMMON_WORDS: Final = (
    "a an the this that of in on at by to for from with without and or not no is are was were be been has have had do "
    "does did can cannot could must should may will failed failure error invalid unable missing unknown expected "
    "expired denied allowed supported enabled disabled configured required requested given found exceeded limit value "
    "values parameter parameters attribute attributes request requests response operation user users username password "
    "pool client app id name code token tokens refresh access session challenge auth flow trigger lambda device region "
    "account email phone number too many more than already again later please try contact administrator"
)
"""Words that belong to Cognito rather than to one user of it."""


def lookup(kind: str, message: str = "") -> Remedy | None:
    """Why this error happens and what to do about it; None for an error that the table does not know.

    Args:
        kind: The error's type: Cognito's own, one of `harness.cognito.wire`, or the name of a transport error.
        message: Cognito's words, ours, or what `short` made of either; with or without the kind before them.
    """
    known = _find(kind, message)
    return known.remedy if known else None


def concerns_account(kind: str, message: str) -> bool:
    """Whether an error is about the account that met it, and not about the app client, the pool, or the way there.

    What the table does not know is.
    """
    known = _find(kind, message)
    return known is None or known.is_of_account


def short(kind: str, message: str) -> str:
    """The error in one line that is the same for every user and every client that meets it.

    For Locust's failures table, which keeps a row for each text it is given. What Cognito is known to say is shown
    with `\u2026` for the parts that differ; of anything else, only words that cannot belong to one user are kept.
    """
    words = message.removeprefix(f"{kind}: ")
    if kind in _OURS:
        text = words.partition("\n")[0][:_LONGEST_SHORT].strip()
    else:
        known = _find(kind, words)
        text = known.shown if known and known.shown else _impersonal(words, _VOCABULARY)
    return f"{kind}: {text}" if text else kind


def is_cognitos_own(text: str) -> bool:
    """Whether a text is part of what Cognito says to anybody, so that a message with it gives nothing away.

    For whoever keeps secrets out of messages: somebody's password is `password`.
    """
    return text.lower() in _SAID


def impersonal(text: str) -> str:
    """What an API says about a token, with `\u2026` for each word that could be somebody's."""
    return _impersonal(text, _API_VOCABULARY)


class _Known(NamedTuple):
    """A row, ready to be looked up."""

    pattern: re.Pattern[str]
    shown: str
    remedy: Remedy
    is_of_account: bool


def _find(kind: str, message: str) -> _Known | None:
    return next((known for known in _TABLE.get(kind, ()) if known.pattern.search(message)), None)


def _impersonal(message: str, vocabulary: frozenset[str]) -> str:
    kept: list[str] = []
    for word in message.partition("\n")[0].split():
        if word.strip(_PUNCTUATION).lower() in vocabulary:
            kept.append(word)
        elif kept[-1:] != [_ELLIPSIS]:
            kept.append(_ELLIPSIS)
    return "" if kept == [_ELLIPSIS] else " ".join(kept)[:_LONGEST_SHORT]


def _table(rows: Iterable[Row]) -> Mapping[str, tuple[_Known, ...]]:
    """The rows by kind, those for any message after those for a certain one."""
    table: dict[str, tuple[_Known, ...]] = {}
    for row in sorted(rows, key=lambda row: not row.says):
        table[row.kind] = (*table.get(row.kind, ()), _known(row))
    return MappingProxyType(table)


def _known(row: Row) -> _Known:
    spellings = [".+?".join(map(re.escape, spelling.rstrip(".").split("{}"))) for spelling in row.says.split("|")]
    return _Known(
        re.compile("|".join(spellings), re.IGNORECASE | re.DOTALL),
        row.says.partition("|")[0].replace("{}", _ELLIPSIS),
        Remedy(row.cause, row.remedy),
        row.is_of_account,
    )


_PUNCTUATION: Final = ".,:;!?'\"()"
_SAID: Final = "\n".join(
    (*(row.says.replace("|", "\n") for row in ROWS if row.kind not in _OURS), *_OTHER_MESSAGES)
).lower()
_VOCABULARY: Final = frozenset(word.strip(_PUNCTUATION) for word in f"{_SAID} {_COMMON_WORDS}".split())
_API_VOCABULARY: Final = frozenset(f"{api.WORDS} {_COMMON_WORDS}".split())
_TABLE: Final = _table(ROWS)
