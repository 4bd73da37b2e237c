"""Making, describing, tagging and removing pools."""

from __future__ import annotations

from collections.abc import Mapping

from harness.sandbox.errors import InvalidParameter
from harness.sandbox.operations.parameters import Answer, Parameters, rest
from harness.sandbox.state.password import PasswordPolicy
from harness.sandbox.state.pool import Directory, Pool

DEFAULTS: Mapping[str, object] = {"DeletionProtection": "INACTIVE", "MfaConfiguration": "OFF"}
"""Of a pool that says nothing about them. Its tier (UserPoolTier) is told only when it was set: what AWS takes by
default has changed before."""

_MEMBERS = frozenset({"PoolName", "Policies", "UserPoolTags"})


class Pools:
    """The pools of the account and their tags."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def create_user_pool(self, parameters: Parameters) -> Answer:
        """CreateUserPool; settings that the sandbox does not act on are only repeated."""
        pool = self._directory.add_pool(parameters["PoolName"])
        pool.policy = PasswordPolicy.from_wire(policy) if (policy := _password_policy(parameters)) else PasswordPolicy()
        pool.signs_in_by_email = "email" in (parameters.get("UsernameAttributes") or ())
        case = parameters.get("UsernameConfiguration") or {}
        pool.ignores_case = case.get("CaseSensitive") is False
        pool.settings = rest(parameters, _MEMBERS)
        pool.tags = dict(parameters.get("UserPoolTags") or {})
        return {"UserPool": _description(pool)}

    def describe_user_pool(self, parameters: Parameters) -> Answer:
        """DescribeUserPool: its settings, with the size of it."""
        return {"UserPool": _description(self._directory.pool(parameters["UserPoolId"]))}

    def delete_user_pool(self, parameters: Parameters) -> Answer:
        """DeleteUserPool, with its users and clients."""
        pool = self._directory.pool(parameters["UserPoolId"])
        if pool.settings.get("DeletionProtection") == "ACTIVE":
            raise InvalidParameter(
                "The user pool cannot be deleted because deletion protection is activated. "
                "Deletion protection must be inactivated first."
            )
        self._directory.remove_pool(pool)
        return {}

    def tag_resource(self, parameters: Parameters) -> Answer:
        """TagResource: add tags, or change them."""
        self._directory.pool_of_arn(parameters["ResourceArn"]).tags.update(parameters["Tags"])
        return {}

    def untag_resource(self, parameters: Parameters) -> Answer:
        """UntagResource: remove tags."""
        tags = self._directory.pool_of_arn(parameters["ResourceArn"]).tags
        for key in parameters["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, parameters: Parameters) -> Answer:
        """ListTagsForResource."""
        return {"Tags": dict(self._directory.pool_of_arn(parameters["ResourceArn"]).tags)}


def _password_policy(parameters: Parameters) -> Mapping[str, int | bool] | None:
    policies = parameters.get("Policies") or {}
    policy: Mapping[str, int | bool] | None = policies.get("PasswordPolicy")
    return policy


def _description(pool: Pool) -> Answer:
    return {
        **DEFAULTS,
        **pool.settings,
        "Id": pool.id,
        "Name": pool.name,
        "Arn": pool.arn,
        "Policies": {"PasswordPolicy": pool.policy.to_wire()},
        **({"UserPoolTags": pool.tags} if pool.tags else {}),
        "EstimatedNumberOfUsers": len(pool),
        "CreationDate": round(pool.created_s, 3),
        "LastModifiedDate": round(pool.created_s, 3),
    }
