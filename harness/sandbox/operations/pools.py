"""Making and removing pools and clients."""

from __future__ import annotations

from collections.abc import Mapping

from harness.sandbox.checks.refusals import InvalidParameter
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.state.password import PasswordPolicy
from harness.sandbox.state.pool import ALLOW, DEFAULT_FLOWS, Client, Directory, Pool, TokenLives

UNITS_S: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 24 * 3600}
LONGEST_LIFE_S = 24 * 3600
"""Of access and id tokens."""
SHORTEST_REFRESH_LIFE_S = 3600
LONGEST_REFRESH_LIFE_S = 3650 * 24 * 3600
DEFAULT_SESSION_LIFE_MIN = 3

_POOL_MEMBERS = frozenset({"PoolName", "Policies"})
_CLIENT_MEMBERS = frozenset({"UserPoolId", "ClientName", "GenerateSecret", "ClientSecret"})


class Pools:
    """CreateUserPool, CreateUserPoolClient and DeleteUserPool.

    Args:
        directory: What they work on.
        shortest_life_s: The least validity of access and id tokens; 300 s at Amazon.
        default_life_s: Their validity when the caller says nothing.
    """

    def __init__(self, directory: Directory, *, shortest_life_s: int, default_life_s: int) -> None:
        self._directory = directory
        self._shortest_life_s = shortest_life_s
        self._default_life_s = default_life_s

    def create_user_pool(self, parameters: Parameters) -> Answer:
        """CreateUserPool; settings that the sandbox does not act on are only repeated."""
        pool = self._directory.add_pool(parameters["PoolName"])
        pool.policy = PasswordPolicy.from_wire(policy) if (policy := _password_policy(parameters)) else PasswordPolicy()
        pool.signs_in_by_email = "email" in (parameters.get("UsernameAttributes") or ())
        case = parameters.get("UsernameConfiguration") or {}
        pool.ignores_case = case.get("CaseSensitive") is False
        pool.settings = _rest(parameters, _POOL_MEMBERS)
        return {"UserPool": _pool_description(pool)}

    def create_user_pool_client(self, parameters: Parameters) -> Answer:
        """CreateUserPoolClient: flows, secret, validities, existence errors, rotation."""
        directory = self._directory
        pool = directory.pool(parameters["UserPoolId"])
        rotation = parameters.get("RefreshTokenRotation") or {}
        is_rotating = rotation.get("Feature") == "ENABLED"
        client = Client(
            id=directory.new_client_id(),
            name=parameters["ClientName"],
            pool_id=pool.id,
            flows=_flows(parameters),
            lives=self._lives(parameters),
            created_s=directory.clock.wall(),
            secret=_secret(directory, parameters),
            hides_existence=parameters.get("PreventUserExistenceErrors") == "ENABLED",
            session_life_s=parameters.get("AuthSessionValidity", DEFAULT_SESSION_LIFE_MIN) * UNITS_S["minutes"],
            rotation_grace_s=rotation.get("RetryGracePeriodSeconds", 0) if is_rotating else None,
            settings=_rest(parameters, _CLIENT_MEMBERS),
        )
        directory.add_client(client)
        return {"UserPoolClient": _client_description(client)}

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

    def _lives(self, parameters: Parameters) -> TokenLives:
        units = parameters.get("TokenValidityUnits") or {}

        def life_s(member: str, unit: str, default_s: int, bounds: tuple[int, int]) -> int:
            given = parameters.get(f"{member}Validity")
            if not given:  # 0 means the default, for refresh tokens
                return default_s
            seconds: int = given * UNITS_S[units.get(member, unit)]
            if not bounds[0] <= seconds <= bounds[1]:
                raise InvalidParameter("Invalid range for token validity.")
            return seconds

        short = (self._shortest_life_s, LONGEST_LIFE_S)
        long = (SHORTEST_REFRESH_LIFE_S, LONGEST_REFRESH_LIFE_S)
        return TokenLives(
            access_s=life_s("AccessToken", "hours", self._default_life_s, short),
            id_s=life_s("IdToken", "hours", self._default_life_s, short),
            refresh_s=life_s("RefreshToken", "days", TokenLives().refresh_s, long),
        )


def _password_policy(parameters: Parameters) -> Mapping[str, int | bool] | None:
    policies = parameters.get("Policies") or {}
    policy: Mapping[str, int | bool] | None = policies.get("PasswordPolicy")
    return policy


def _flows(parameters: Parameters) -> tuple[str, ...]:
    flows = tuple(parameters.get("ExplicitAuthFlows") or DEFAULT_FLOWS)
    if len({flow.startswith(ALLOW) for flow in flows}) > 1:
        raise InvalidParameter(
            "Invalid ExplicitAuthFlows: flows with the prefix ALLOW_ cannot be combined with flows without it."
        )
    return flows


def _secret(directory: Directory, parameters: Parameters) -> str | None:
    given: str | None = parameters.get("ClientSecret")
    return given or (directory.new_client_secret() if parameters.get("GenerateSecret") else None)


def _rest(parameters: Parameters, known: frozenset[str]) -> dict[str, object]:
    return {name: value for name, value in parameters.items() if name not in known}


def _pool_description(pool: Pool) -> Answer:
    return {
        **pool.settings,
        "Id": pool.id,
        "Name": pool.name,
        "Arn": pool.arn,
        "Policies": {"PasswordPolicy": pool.policy.to_wire()},
        "EstimatedNumberOfUsers": len(pool),
        "CreationDate": round(pool.created_s, 3),
        "LastModifiedDate": round(pool.created_s, 3),
    }


def _client_description(client: Client) -> Answer:
    return {
        "RefreshTokenValidity": 30,
        "EnableTokenRevocation": True,
        "AuthSessionValidity": DEFAULT_SESSION_LIFE_MIN,
        **client.settings,
        "UserPoolId": client.pool_id,
        "ClientName": client.name,
        "ClientId": client.id,
        **({"ClientSecret": client.secret} if client.secret else {}),
        "ExplicitAuthFlows": list(client.flows),
        "CreationDate": round(client.created_s, 3),
        "LastModifiedDate": round(client.created_s, 3),
    }
