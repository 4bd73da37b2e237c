"""Which operations the sandbox has, by their names on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.sandbox.operations.accounts import Accounts
from harness.sandbox.operations.administration import Administration
from harness.sandbox.operations.clients import Clients
from harness.sandbox.operations.devices import Devices
from harness.sandbox.operations.groups import Groups
from harness.sandbox.operations.listing import Listing
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.operations.pools import Pools
from harness.sandbox.operations.recovery import Recovery
from harness.sandbox.operations.resource_servers import ResourceServers
from harness.sandbox.operations.sign_in.first_factor import FirstFactor
from harness.sandbox.operations.sign_in.initiate import SigningIn
from harness.sandbox.operations.sign_in.next_step import Steps
from harness.sandbox.operations.sign_in.respond import Challenges
from harness.sandbox.operations.sign_in.second_factors import SecondFactors
from harness.sandbox.state.outbox import Outbox
from harness.sandbox.state.pool import Directory
from harness.sandbox.state.session import Sessions
from harness.sandbox.state.tokens import Tokens

Operation = Callable[[Parameters], Answer]


def operations(
    directory: Directory,
    tokens: Tokens,
    sessions: Sessions,
    outbox: Outbox,
    *,
    shortest_life_s: int,
    default_life_s: int,
) -> Mapping[str, Operation]:
    """Every operation over this directory.

    Args:
        directory: What they work on.
        tokens: What issues tokens and recognises them.
        sessions: Challenges that wait for an answer.
        outbox: Where codes go that would be mailed or texted.
        shortest_life_s: The least validity of access and id tokens that CreateUserPoolClient accepts.
        default_life_s: Their validity when it says nothing.
    """
    clients = Clients(directory, shortest_life_s=shortest_life_s, default_life_s=default_life_s)
    return {**_of_users(directory, tokens, sessions, outbox), **_of_pools(directory, clients)}


def _of_users(directory: Directory, tokens: Tokens, sessions: Sessions, outbox: Outbox) -> Mapping[str, Operation]:
    """Logging in, and what becomes of accounts."""
    steps = Steps(directory, tokens, sessions, outbox)
    first_factor = FirstFactor(directory, steps)
    signing_in = SigningIn(directory, tokens, steps, first_factor)
    challenges = Challenges(directory, sessions, steps, first_factor)
    second_factors = SecondFactors(directory, tokens, sessions)
    recovery = Recovery(directory, tokens, outbox)
    accounts = Accounts(directory, tokens, recovery)
    administration, devices = Administration(directory), Devices(directory, tokens)
    return {
        "InitiateAuth": signing_in.initiate_auth,
        "AdminInitiateAuth": signing_in.admin_initiate_auth,
        "RespondToAuthChallenge": challenges.respond_to_auth_challenge,
        "AdminRespondToAuthChallenge": challenges.admin_respond_to_auth_challenge,
        "GetTokensFromRefreshToken": signing_in.get_tokens_from_refresh_token,
        "AssociateSoftwareToken": second_factors.associate_software_token,
        "VerifySoftwareToken": second_factors.verify_software_token,
        "SetUserMFAPreference": second_factors.set_user_mfa_preference,
        "AdminSetUserMFAPreference": second_factors.admin_set_user_mfa_preference,
        "GetUser": accounts.get_user,
        "GlobalSignOut": accounts.global_sign_out,
        "RevokeToken": accounts.revoke_token,
        "SignUp": accounts.sign_up,
        "ConfirmSignUp": recovery.confirm_sign_up,
        "ResendConfirmationCode": recovery.resend_confirmation_code,
        "ForgotPassword": recovery.forgot_password,
        "ConfirmForgotPassword": recovery.confirm_forgot_password,
        "ChangePassword": recovery.change_password,
        "UpdateUserAttributes": recovery.update_user_attributes,
        "ConfirmDevice": devices.confirm_device,
        "UpdateDeviceStatus": devices.update_device_status,
        "GetDevice": devices.get_device,
        "ListDevices": devices.list_devices,
        "ForgetDevice": devices.forget_device,
        "AdminUpdateDeviceStatus": devices.admin_update_device_status,
        "AdminGetDevice": devices.admin_get_device,
        "AdminListDevices": devices.admin_list_devices,
        "AdminForgetDevice": devices.admin_forget_device,
        "AdminCreateUser": administration.admin_create_user,
        "AdminSetUserPassword": administration.admin_set_user_password,
        "AdminGetUser": administration.admin_get_user,
        "AdminConfirmSignUp": administration.admin_confirm_sign_up,
        "AdminDisableUser": administration.admin_disable_user,
        "AdminEnableUser": administration.admin_enable_user,
        "AdminResetUserPassword": administration.admin_reset_user_password,
        "AdminDeleteUser": administration.admin_delete_user,
        "AdminUpdateUserAttributes": administration.admin_update_user_attributes,
        "AdminUserGlobalSignOut": administration.admin_user_global_sign_out,
    }


def _of_pools(directory: Directory, clients: Clients) -> Mapping[str, Operation]:
    """Pools, and what is in them besides accounts."""
    groups = Groups(directory)
    pools, listing = Pools(directory), Listing(directory)
    resource_servers = ResourceServers(directory)
    return {
        "CreateGroup": groups.create_group,
        "GetGroup": groups.get_group,
        "AdminAddUserToGroup": groups.admin_add_user_to_group,
        "AdminListGroupsForUser": groups.admin_list_groups_for_user,
        "ListUsers": listing.list_users,
        "ListUserPools": listing.list_user_pools,
        "ListUserPoolClients": listing.list_user_pool_clients,
        "CreateUserPool": pools.create_user_pool,
        "DescribeUserPool": pools.describe_user_pool,
        "DeleteUserPool": pools.delete_user_pool,
        "TagResource": pools.tag_resource,
        "UntagResource": pools.untag_resource,
        "ListTagsForResource": pools.list_tags_for_resource,
        "CreateResourceServer": resource_servers.create_resource_server,
        "DescribeResourceServer": resource_servers.describe_resource_server,
        "CreateUserPoolClient": clients.create_user_pool_client,
        "UpdateUserPoolClient": clients.update_user_pool_client,
        "DescribeUserPoolClient": clients.describe_user_pool_client,
    }
