"""Logins that a domain's token endpoint refuses: OAuth's errors, as RFC 6749 names them and the service means them."""

from __future__ import annotations

from typing import Final

from harness.cognito.remedies.row import Row
from harness.cognito.wire import TOO_MANY_REQUESTS

ROWS: Final = (
    Row(
        "invalid_client",
        "",
        "The domain's pool has no app client of this id, or its secret is another one.",
        "Check --cognito-client-id and COGNITO_CLIENT_SECRET against the app client, and that --cognito-domain is the "
        "domain of its pool.",
    ),
    Row(
        "invalid_grant",
        "",
        "The app client is not switched on for OAuth (AllowedOAuthFlowsUserPoolClient), as happens to clients that "
        "were made by the API or by Terraform.",
        "Set AllowedOAuthFlowsUserPoolClient to true, or save the client's login pages anew in the console.",
    ),
    Row(
        "unauthorized_client",
        "",
        "The app client may not use the grant client_credentials.",
        "Choose Client credentials among its OAuth grant types, for a client without user grants.",
    ),
    Row(
        "invalid_scope",
        "",
        "A scope does not exist, or this app client may not have it, or it may have none.",
        "Write scopes as resource server/scope (api/read), and choose them among the client's custom scopes.",
    ),
    Row(
        TOO_MANY_REQUESTS,
        "",
        "More tokens were asked for than the account's quota in this region allows (ClientAuthentication: 150/s over "
        "all its pools unless raised).",
        "Lower --cognito-max-login-rate, let users keep their tokens longer (the client's access token validity), or "
        "have the quota raised in Service Quotas.",
    ),
    Row(
        "invalid_request",
        "",
        "The token endpoint could not read the form, or missed something in it.",
        "Look for a proxy that changes requests, and check that --cognito-domain is a Cognito domain.",
    ),
    Row(
        "unsupported_grant_type",
        "",
        "The endpoint does not know the grant client_credentials.",
        "Check that --cognito-domain is a Cognito domain, and not another authorization server.",
    ),
)
