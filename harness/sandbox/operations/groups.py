"""Groups of a pool's users."""

from __future__ import annotations

from harness.sandbox.operations.parameters import Answer, Parameters, rest
from harness.sandbox.state.pool import Directory, Group, Pool

MOST_GROUPS = 60
"""As many as one answer lists, when the caller gives no Limit."""

_MEMBERS = frozenset({"GroupName", "UserPoolId", "Precedence"})


class Groups:
    """Making groups, and who is in them. Tokens name a user's groups from the next login or refresh on."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def create_group(self, parameters: Parameters) -> Answer:
        """CreateGroup."""
        pool = self._directory.pool(parameters["UserPoolId"])
        group = Group(
            parameters["GroupName"],
            self._directory.clock.wall(),
            parameters.get("Precedence"),
            rest(parameters, _MEMBERS),
        )
        pool.add_group(group)
        return {"Group": _description(pool, group)}

    def get_group(self, parameters: Parameters) -> Answer:
        """GetGroup."""
        pool = self._directory.pool(parameters["UserPoolId"])
        return {"Group": _description(pool, pool.group(parameters["GroupName"]))}

    def admin_add_user_to_group(self, parameters: Parameters) -> Answer:
        """AdminAddUserToGroup; nothing happens to one who is in it."""
        pool = self._directory.pool(parameters["UserPoolId"])
        pool.user(parameters["Username"]).groups.add(pool.group(parameters["GroupName"]).name)
        return {}

    def admin_list_groups_for_user(self, parameters: Parameters) -> Answer:
        """AdminListGroupsForUser, the group that wins first."""
        pool = self._directory.pool(parameters["UserPoolId"])
        groups = pool.groups_of(pool.user(parameters["Username"]))
        start, limit = int(parameters.get("NextToken") or 0), parameters.get("Limit") or MOST_GROUPS
        page = [_description(pool, group) for group in groups[start : start + limit]]
        return {"Groups": page, **({"NextToken": str(start + limit)} if start + limit < len(groups) else {})}


def _description(pool: Pool, group: Group) -> Answer:
    return {
        **group.settings,
        "GroupName": group.name,
        "UserPoolId": pool.id,
        **({} if group.precedence is None else {"Precedence": group.precedence}),
        "CreationDate": round(group.created_s, 3),
        "LastModifiedDate": round(group.created_s, 3),
    }
