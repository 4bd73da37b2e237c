"""Pools and app clients that are not set up for the login."""

from __future__ import annotations

from typing import Final

from harness.cognito.remedies.row import Row

ROWS: Final = (
    # The app client
    Row(
        "ResourceNotFoundException",
        "User pool client {} does not exist.",
        "No pool of this region has an app client with this id.",
        "Check --cognito-client-id, and that --cognito-region is the pool's region.",
    ),
    Row(
        "ResourceNotFoundException",
        "",
        "What the call names does not exist in this region: a pool, a client or a user.",
        "Check --cognito-user-pool-id, --cognito-client-id and --cognito-region against each other.",
    ),
    Row(
        "InvalidParameterException",
        "USER_PASSWORD_AUTH flow not enabled for this client|USER_PASSWORD_AUTH is not enabled for the client",
        "The app client does not allow logins with a plain username and password.",
        "Add ALLOW_USER_PASSWORD_AUTH to this client, on a dev or staging pool only, or choose another --cognito-flow.",
    ),
    Row(
        "InvalidParameterException",
        "USER_SRP_AUTH is not enabled for the client.|USER_SRP_AUTH flow not enabled for this client",
        "The app client does not allow logins by the SRP protocol.",
        "Add ALLOW_USER_SRP_AUTH to this client, or choose another --cognito-flow.",
    ),
    Row(
        "InvalidParameterException",
        "{}_AUTH is not enabled for the client|{}_AUTH flow not enabled for this client",
        "The app client does not allow the flow that --cognito-flow names.",
        "Add the flow's ALLOW_… entry to the client's authentication flows, or choose another --cognito-flow.",
    ),
    Row(
        "InvalidParameterException",
        "Auth flow not enabled for this client",
        "The app client does not allow logins by an administrator's call.",
        "Add ALLOW_ADMIN_USER_PASSWORD_AUTH to this client, or choose a flow that users themselves go through.",
    ),
    Row(
        "InvalidParameterException",
        "Initiate Auth method not supported.",
        "An administrator's flow was sent to InitiateAuth, which is for users.",
        "Choose a --cognito-flow without ADMIN in its name.",
    ),
    Row(
        "InvalidParameterException",
        "Missing required parameter USERNAME",
        "The login was sent without a username.",
        "Look for an empty username in the users file.",
    ),
    Row(
        "InvalidParameterException",
        "Missing required parameter PASSWORD",
        "The login was sent without a password.",
        "Look for an empty password in the users file.",
    ),
    Row(
        "InvalidParameterException",
        "Missing required parameter REFRESH_TOKEN",
        "A refresh was sent without a refresh token.",
        "Check that the login itself brought a refresh token.",
    ),
    Row(
        "InvalidParameterException",
        "Missing required parameter {}",
        "The flow or the challenge needs a parameter that was not sent.",
        "Check that --cognito-flow is the one that this app client and its triggers are made for.",
    ),
    Row(
        "InvalidParameterException",
        "{} validation error detected: {}|{} validation errors detected: {}",
        "A value is longer, shorter or made of other letters than the service model allows.",
        "Look for stray spaces, quotes or a wrong column order in the users file, and check the client id.",
    ),
    Row(
        "NotAuthorizedException",
        "Client {} is configured with secret but SECRET_HASH was not received|"
        "Client {} is configured for secret but secret was not received",
        "The app client has a secret, and none is configured here.",
        "Set COGNITO_CLIENT_SECRET in the environment, or use an app client without a secret.",
    ),
    Row(
        "NotAuthorizedException",
        "Unable to verify secret hash for client {}|SecretHash does not match for the client: {}",
        "The client secret is not this app client's, or the hash was made over another name than the pool's own for "
        "the user.",
        "Check COGNITO_CLIENT_SECRET against the client id, and use the pool's own usernames instead of aliases.",
    ),
    # Triggers and the pool's set-up
    Row(
        "UserLambdaValidationException",
        "",
        "A Lambda trigger of the pool refused the login, in its own words.",
        "Read the trigger's log in CloudWatch, and exempt the test users there if that is its purpose.",
        is_of_account=True,
    ),
    Row(
        "UnexpectedLambdaException",
        "",
        "A Lambda trigger of the pool failed, was throttled, or took longer than five seconds.",
        "Read the trigger's log in CloudWatch and its concurrency limit, which logins under load may exceed.",
    ),
    Row(
        "InvalidLambdaResponseException",
        "",
        "A Lambda trigger of the pool answered with something that Cognito cannot use.",
        "Read the trigger's log in CloudWatch, and correct what it returns.",
    ),
    Row(
        "InvalidUserPoolConfigurationException",
        "",
        "The pool contradicts itself, often by a trigger or a role that no longer exists.",
        "Compare the pool's triggers and roles with what exists in the account.",
    ),
    Row(
        "InvalidSmsRoleAccessPolicyException",
        "",
        "The pool's role for text messages may not publish to SNS.",
        "Correct the role's policy, or use test users that get no text messages.",
    ),
    Row(
        "InvalidSmsRoleTrustRelationshipException",
        "",
        "The pool's role for text messages does not trust cognito-idp.amazonaws.com with the pool's external id.",
        "Correct the role's trust policy, or use test users that get no text messages.",
    ),
    Row(
        "InvalidEmailRoleAccessPolicyException",
        "",
        "Cognito may not use the e-mail identity that the pool is configured with.",
        "Allow it in the identity's policy in SES, or use test users that get no mail.",
    ),
    Row(
        "FeatureUnavailableInTierException",
        "",
        "The flow or the challenge belongs to a feature plan above the pool's.",
        "Choose another --cognito-flow, or a pool on the plan that has it.",
    ),
    Row(
        "OperationNotEnabledException",
        "",
        "The pool or the app client has this operation turned off.",
        "Turn it on in the pool's settings, or choose another --cognito-flow.",
    ),
    Row(
        "UnsupportedOperationException",
        "",
        "The operation needs a setting that this app client does not have, such as token revocation.",
        "Turn that setting on for the client, on a dev or staging pool.",
    ),
    Row(
        "UnsupportedTokenTypeException",
        "",
        "Another token was sent where a refresh token is expected.",
        "Check which token the scenario hands over for revocation.",
    ),
    Row(
        "UnauthorizedException",
        "",
        "The token that the call carries was not made for this client or lacks the scope.",
        "Check that the token comes from the same app client as the call.",
    ),
    Row(
        "AliasExistsException",
        "",
        "Another user of the pool already has this e-mail address or telephone number.",
        "Make the test users' addresses unique.",
    ),
)
