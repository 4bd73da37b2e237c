"""How tokens are renewed: by which of Cognito's two operations, and what its first refusal teaches.

An app client that rotates refresh tokens refuses REFRESH_TOKEN_AUTH; GetTokensFromRefreshToken works either way. Nobody
but an administrator can see beforehand which kind a client is, so the first refresh finds it out.

Source: AWS's developer guide, "Refresh tokens", and its API reference of RefreshTokenRotationType. The words of the
refusal are not documented, so they are recognised by what they are about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from harness.cognito.flows import Flow, TokenReader, get_tokens_from_refresh_token, refresh_token_auth
from harness.cognito.parties import AppClient
from harness.cognito.tokens import Tokens
from harness.errors import LoginError

WAYS: Final = ("auto", "initiate-auth", "get-tokens", "never")
"""`initiate-auth` is REFRESH_TOKEN_AUTH, `never` a full login; `auto` begins with the former."""
REFUSED: Final = "InitiateAuth (refresh refused)"
"""The sample of the refusal that shows that refresh tokens rotate: no failure, since it is how that is found out."""
ROTATES: Final = (
    "this app client does not take REFRESH_TOKEN_AUTH, as clients do that rotate refresh tokens: tokens are renewed by "
    "GetTokensFromRefreshToken from now on"
)

_REFUSALS: Final = frozenset({"InvalidParameterException", "UnsupportedOperationException"})
_ABOUT_THE_CLIENT: Final = ("rotation", "flow not enabled", "not enabled for")


class Refreshing:
    """How the sessions of one process are refreshed; what one of them finds out holds for all.

    Args:
        way: One of `WAYS`.
        report: Takes a sentence for people, which it says once.
    """

    def __init__(self, way: str, report: Callable[[str], None]) -> None:
        self.way = way
        """How it goes from now on; `auto` becomes `get-tokens` for good."""
        self._report = report

    @property
    def is_wanted(self) -> bool:
        """Whether tokens are refreshed at all, instead of by a full login."""
        return self.way != "never"

    def flow(self, client: AppClient, username: str, tokens: Tokens, read_token: TokenReader) -> Flow:
        """A refresh, as a conversation.

        Under `auto`, the one that finds out that refresh tokens rotate takes two exchanges.

        Raises:
            LoginError: The refresh token is no longer good, or Cognito could not be asked.
        """
        makes_good = ""
        if self.way != "get-tokens":
            try:
                return (yield from refresh_token_auth(client, username, tokens, read_token))
            except LoginError as error:
                if self.way == "initiate-auth" or not _is_about_the_client(error):
                    raise
            self.way, makes_good = "get-tokens", REFUSED
            self._report(ROTATES)
        return (yield from get_tokens_from_refresh_token(client, username, tokens, read_token, makes_good=makes_good))


def _is_about_the_client(error: LoginError) -> bool:
    """Whether this refusal would meet any refresh token of this app client."""
    words = error.message.lower()
    return error.kind in _REFUSALS or (
        error.kind == "NotAuthorizedException" and any(about in words for about in _ABOUT_THE_CLIENT)
    )
