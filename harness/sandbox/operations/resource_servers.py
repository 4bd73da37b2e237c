"""Resource servers: the APIs of a pool, whose scopes its app clients may be given."""

from __future__ import annotations

from harness.sandbox.errors import InvalidParameter, ResourceNotFound
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.state.pool import Directory


class ResourceServers:
    """Making and describing resource servers."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def create_resource_server(self, parameters: Parameters) -> Answer:
        """CreateResourceServer."""
        pool, identifier = self._directory.pool(parameters["UserPoolId"]), parameters["Identifier"]
        if identifier in pool.resource_servers:
            raise InvalidParameter(f"{identifier} already exists in user pool {pool.id}.")
        pool.resource_servers[identifier] = {
            "UserPoolId": pool.id,
            "Identifier": identifier,
            "Name": parameters["Name"],
            "Scopes": parameters.get("Scopes") or [],
        }
        return {"ResourceServer": pool.resource_servers[identifier]}

    def describe_resource_server(self, parameters: Parameters) -> Answer:
        """DescribeResourceServer."""
        pool, identifier = self._directory.pool(parameters["UserPoolId"]), parameters["Identifier"]
        if identifier not in pool.resource_servers:
            raise ResourceNotFound(f"Resource server {identifier} does not exist.")
        return {"ResourceServer": pool.resource_servers[identifier]}
