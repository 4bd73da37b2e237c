"""Login conversations, and how tokens are renewed.

`logins` (one generator per flow), `challenges` (how each is answered), `proofs` (those that SRP answers, of passwords
and of remembered devices), `enrolment` (MFA_SETUP), `client_credentials` (no user at all), `refreshing` (by which
operation tokens are renewed).
"""

from harness.cognito.flows.client_credentials import CLIENT_CREDENTIALS
from harness.cognito.flows.logins import (
    FLOWS,
    POOL_FLOWS,
    SRP_FLOWS,
    get_tokens_from_refresh_token,
    refresh_token_auth,
    token_path,
    user_password_auth,
    user_srp_auth,
)
from harness.cognito.parties import Account, AppClient, Asked, Challenge, secret_hash
from harness.cognito.tokens import Flow, TokenReader

__all__ = [
    "CLIENT_CREDENTIALS",
    "FLOWS",
    "POOL_FLOWS",
    "SRP_FLOWS",
    "Account",
    "AppClient",
    "Asked",
    "Challenge",
    "Flow",
    "TokenReader",
    "get_tokens_from_refresh_token",
    "refresh_token_auth",
    "secret_hash",
    "token_path",
    "user_password_auth",
    "user_srp_auth",
]
