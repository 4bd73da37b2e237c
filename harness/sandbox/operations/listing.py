"""Lists, page by page: users by a filter, pools, clients."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from heapq import nsmallest
from typing import TypeVar

from harness.sandbox.errors import InvalidParameter
from harness.sandbox.operations.administration import description
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.state.pool import Directory
from harness.sandbox.state.user import User

LARGEST_PAGE = 60
SEARCHABLE = frozenset(
    {
        *("username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username"),
        *("cognito:user_status", "status", "sub"),
    }
)
"""What ListUsers can be filtered by: its API reference. Custom attributes are not among them."""

_FILTER = re.compile(r'\s*"?(?P<name>[\w:]+)"?\s*(?P<sign>\^?=)\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*')

Item = TypeVar("Item")


class Listing:
    """What lists.

    A page begins after the identifier that the token of the last one names, so that what is removed or added between
    two pages neither hides nor repeats anything else.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def list_users(self, parameters: Parameters) -> Answer:
        """ListUsers, in no particular order: by `sub`."""
        pool = self._directory.pool(parameters["UserPoolId"])
        is_wanted = _filter(parameters.get("Filter") or "")
        users, token = _page(
            filter(is_wanted, pool.users()),
            lambda user: user.sub,
            parameters.get("PaginationToken", ""),
            parameters.get("Limit") or LARGEST_PAGE,
        )
        names = parameters.get("AttributesToGet")
        listed = [{**description(user), "Attributes": _attributes(user, names)} for user in users]
        return {"Users": listed, **({"PaginationToken": token} if token else {})}

    def list_user_pools(self, parameters: Parameters) -> Answer:
        """ListUserPools."""
        pools, token = _page(
            self._directory.pools(), lambda pool: pool.id, parameters.get("NextToken", ""), parameters["MaxResults"]
        )
        listed = [
            {
                "Id": pool.id,
                "Name": pool.name,
                "LambdaConfig": {},
                "CreationDate": round(pool.created_s, 3),
                "LastModifiedDate": round(pool.created_s, 3),
            }
            for pool in pools
        ]
        return {"UserPools": listed, **({"NextToken": token} if token else {})}

    def list_user_pool_clients(self, parameters: Parameters) -> Answer:
        """ListUserPoolClients."""
        pool = self._directory.pool(parameters["UserPoolId"])
        clients, token = _page(
            self._directory.clients_of(pool),
            lambda client: client.id,
            parameters.get("NextToken", ""),
            parameters.get("MaxResults") or LARGEST_PAGE,
        )
        listed = [{"ClientId": client.id, "UserPoolId": pool.id, "ClientName": client.name} for client in clients]
        return {"UserPoolClients": listed, **({"NextToken": token} if token else {})}


def _page(items: Iterable[Item], key: Callable[[Item], str], after: str, size: int) -> tuple[list[Item], str]:
    """The next items, and the token of the page after them; empty on the last one."""
    rest = nsmallest(size + 1, (item for item in items if key(item) > after), key=key)
    return rest[:size], key(rest[size - 1]) if len(rest) > size else ""


def _filter(text: str) -> Callable[[User], bool]:
    if not text:
        return lambda _: True
    parts = _FILTER.fullmatch(text)
    if parts is None or parts["name"] not in SEARCHABLE:
        raise InvalidParameter("Error while parsing filter.")
    name, is_prefix, value = parts["name"], parts["sign"] == "^=", re.sub(r"\\(.)", r"\1", parts["value"])

    def is_wanted(user: User) -> bool:
        found = _searched(user, name)
        if name in ("status", "cognito:user_status"):
            return found.lower() == value.lower()
        return found.startswith(value) if is_prefix else found == value

    return is_wanted


def _searched(user: User, name: str) -> str:
    own = {
        "username": user.username,
        "sub": user.sub,
        "status": "Enabled" if user.is_enabled else "Disabled",
        "cognito:user_status": user.status.value,
    }
    return own[name] if name in own else user.attributes.get(name, "")


def _attributes(user: User, names: list[str] | None) -> list[dict[str, str]]:
    return [attribute for attribute in user.attribute_list() if names is None or attribute["Name"] in names]
