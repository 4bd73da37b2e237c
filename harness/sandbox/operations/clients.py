"""Making, changing and describing app clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.sandbox.errors import InvalidOAuthFlow, InvalidParameter, ScopeDoesNotExist
from harness.sandbox.operations.parameters import Answer, Parameters, rest
from harness.sandbox.state.pool import ALLOW, DEFAULT_FLOWS, Client, Directory, Pool, TokenLives

UNITS_S: Mapping[str, int] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 24 * 3600}
LONGEST_LIFE_S = 24 * 3600
"""Of access and id tokens."""
SHORTEST_REFRESH_LIFE_S = 3600
LONGEST_REFRESH_LIFE_S = 3650 * 24 * 3600
DEFAULT_SESSION_LIFE_MIN = 3
BUILT_IN_SCOPES = frozenset({"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"})

_MEMBERS = frozenset({"UserPoolId", "ClientId", "ClientName", "GenerateSecret", "ClientSecret"})


class Clients:
    """The app clients of pools.

    Args:
        directory: What they work on.
        shortest_life_s: The least validity of access and id tokens; 300 s at Amazon.
        default_life_s: Their validity when the caller says nothing.
    """

    def __init__(self, directory: Directory, *, shortest_life_s: int, default_life_s: int) -> None:
        self._directory = directory
        self._shortest_life_s = shortest_life_s
        self._default_life_s = default_life_s

    def create_user_pool_client(self, parameters: Parameters) -> Answer:
        """CreateUserPoolClient: flows, secret, validities, existence errors, rotation."""
        directory = self._directory
        pool = directory.pool(parameters["UserPoolId"])
        client = Client(
            id=directory.new_client_id(),
            name=parameters["ClientName"],
            pool_id=pool.id,
            flows=(),
            lives=TokenLives(),
            created_s=directory.clock.wall(),
            secret=_secret(directory, parameters),
        )
        return self._set(client, parameters)

    def update_user_pool_client(self, parameters: Parameters) -> Answer:
        """UpdateUserPoolClient: as in creation, so that what is not given goes back to its default."""
        pool = self._directory.pool(parameters["UserPoolId"])
        client = self._directory.client_of(pool, parameters["ClientId"])
        return self._set(replace(client, name=parameters.get("ClientName") or client.name), parameters)

    def describe_user_pool_client(self, parameters: Parameters) -> Answer:
        """DescribeUserPoolClient, with its secret."""
        pool = self._directory.pool(parameters["UserPoolId"])
        return {"UserPoolClient": _description(self._directory.client_of(pool, parameters["ClientId"]))}

    def _set(self, client: Client, parameters: Parameters) -> Answer:
        """Give a client its settings, and register it."""
        _check_oauth(self._directory.pool(client.pool_id), client, parameters)
        rotation = parameters.get("RefreshTokenRotation") or {}
        is_rotating = rotation.get("Feature") == "ENABLED"
        client = replace(
            client,
            flows=_flows(parameters),
            lives=self._lives(parameters),
            modified_s=self._directory.clock.wall(),
            hides_existence=parameters.get("PreventUserExistenceErrors") == "ENABLED",
            session_life_s=parameters.get("AuthSessionValidity", DEFAULT_SESSION_LIFE_MIN) * UNITS_S["minutes"],
            rotation_grace_s=rotation.get("RetryGracePeriodSeconds", 0) if is_rotating else None,
            settings=rest(parameters, _MEMBERS),
        )
        self._directory.add_client(client)
        return {"UserPoolClient": _description(client)}

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


def _check_oauth(pool: Pool, client: Client, parameters: Parameters) -> None:
    if "client_credentials" in (parameters.get("AllowedOAuthFlows") or ()) and not client.secret:
        raise InvalidOAuthFlow("client_credentials flow can not be selected if client does not have a client secret.")
    for scope in parameters.get("AllowedOAuthScopes") or ():
        if scope not in BUILT_IN_SCOPES and not pool.has_scope(scope):
            raise ScopeDoesNotExist(f"Invalid scope requested: {scope}")


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


def _description(client: Client) -> Answer:
    return {
        "RefreshTokenValidity": 30,
        **_lives_of_its_own(client),
        "EnableTokenRevocation": True,
        "AuthSessionValidity": DEFAULT_SESSION_LIFE_MIN,
        **client.settings,
        "PreventUserExistenceErrors": "ENABLED" if client.hides_existence else "LEGACY",
        "UserPoolId": client.pool_id,
        "ClientName": client.name,
        "ClientId": client.id,
        **({"ClientSecret": client.secret} if client.secret else {}),
        "ExplicitAuthFlows": list(client.flows),
        "CreationDate": round(client.created_s, 3),
        "LastModifiedDate": round(client.modified_s or client.created_s, 3),
    }


def _lives_of_its_own(client: Client) -> Answer:
    """Validities that came from an option of the sandbox, which are in none of the client's settings."""
    if "AccessTokenValidity" in client.settings or client.lives == TokenLives():
        return {}
    units = {"AccessToken": "seconds", "IdToken": "seconds", "RefreshToken": "days"}
    return {
        "AccessTokenValidity": client.lives.access_s,
        "IdTokenValidity": client.lives.id_s,
        "TokenValidityUnits": units,
    }
