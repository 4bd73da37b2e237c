"""User pools, their clients and their users: everything that one account has in one region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.sandbox.errors import (
    AliasExists,
    GroupExists,
    InvalidParameter,
    ResourceNotFound,
    UsernameExists,
    UserNotFound,
)
from harness.sandbox.state.clock import ALPHANUMERIC, LOWER_ALPHANUMERIC, Chance, Clock
from harness.sandbox.state.keys import KeyPair
from harness.sandbox.state.password import PasswordPolicy, Verifier
from harness.sandbox.state.user import User, UserStatus

ACCOUNT_ID = "000000000000"
POOL_ID_LENGTH = 9
CLIENT_ID_LENGTH = 26
CLIENT_SECRET_LENGTH = 51
ALLOW = "ALLOW_"
DEFAULT_FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")
"""What a client without ExplicitAuthFlows allows, by the API reference of CreateUserPoolClient."""


@dataclass(frozen=True, slots=True)
class TokenLives:
    """How long the tokens of a client are valid, in seconds."""

    access_s: int = 3600
    id_s: int = 3600
    refresh_s: int = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Client:
    """An app client. `flows` are as the API has them (`ALLOW_USER_PASSWORD_AUTH`)."""

    id: str
    name: str
    pool_id: str
    flows: tuple[str, ...]
    lives: TokenLives
    created_s: float
    modified_s: float = 0.0
    """0: never."""
    secret: str | None = field(default=None, repr=False)
    hides_existence: bool = False
    """PreventUserExistenceErrors: ENABLED. LEGACY is the service's default."""
    session_life_s: float = 180.0
    rotation_grace_s: float | None = None
    """How long a rotated-out refresh token lives on; None where refresh tokens do not rotate."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """What the caller set and the sandbox only repeats."""

    def allows(self, flow: str) -> bool:
        """Whether a flow (`USER_PASSWORD_AUTH`) is switched on, by its new or its legacy name."""
        return f"{ALLOW}{flow}" in self.flows or flow in self.flows


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a pool's users."""

    name: str
    created_s: float
    precedence: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    """What the caller set and the sandbox only repeats."""


class Pool:
    """A user pool.

    Users are found by name, and by e-mail address where the pool was created for that; then a user's name is its
    `sub`, as in Cognito.
    """

    def __init__(self, pool_id: str, name: str, region: str, *, keys: KeyPair, created_s: float) -> None:
        self.id = pool_id
        self.name = name
        self.created_s = created_s
        self.keys = keys
        self.issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool_id}"
        self.arn = f"arn:aws:cognito-idp:{region}:{ACCOUNT_ID}:userpool/{pool_id}"
        self.policy = PasswordPolicy()
        self.signs_in_by_email = False
        self.ignores_case = False
        self.settings: Mapping[str, object] = {}
        """What the caller set and the sandbox only repeats."""
        self.tags: dict[str, str] = {}
        self.resource_servers: dict[str, dict[str, Any]] = {}
        """By their identifiers, as DescribeResourceServer shows them."""
        self._groups: dict[str, Group] = {}
        self._users: dict[str, User] = {}
        self._by_email: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._users)

    @property
    def demands_second_factor(self) -> bool:
        """Whether everybody needs one (MfaConfiguration)."""
        return self.settings.get("MfaConfiguration") == "ON"

    @property
    def device_configuration(self) -> Mapping[str, bool] | None:
        """How it keeps track of devices; None when it does not."""
        given: Any = self.settings.get("DeviceConfiguration")
        return given or None

    @property
    def remembers_on_request(self) -> bool:
        """Whether a device is remembered only when its user says so (DeviceOnlyRememberedOnUserPrompt)."""
        return bool((self.device_configuration or {}).get("DeviceOnlyRememberedOnUserPrompt"))

    @property
    def spares_devices(self) -> bool:
        """Whether a remembered device stands in for the second factor (ChallengeRequiredOnNewDevice)."""
        return bool((self.device_configuration or {}).get("ChallengeRequiredOnNewDevice"))

    def find(self, name: str) -> User | None:
        """The user of this name or, in a pool with e-mail sign-in, of this `sub` or address."""
        key = self._key(name)
        return self._users.get(self._by_email.get(key, key))

    def user(self, name: str) -> User:
        """The user of this name.

        Raises:
            UserNotFound: There is none.
        """
        user = self.find(name)
        if user is None:
            raise UserNotFound("User does not exist.")
        return user

    def users(self) -> Iterable[User]:
        """All of them."""
        return self._users.values()

    def add(
        self,
        name: str,
        verifier: Verifier,
        status: UserStatus,
        attributes: Mapping[str, str],
        *,
        sub: str,
        now_s: float,
    ) -> User:
        """A new user.

        Raises:
            InvalidParameter: The pool signs in by e-mail and this is no address.
            UsernameExists: The name is taken.
        """
        if self.signs_in_by_email and "@" not in name:
            raise InvalidParameter("Username should be an email.")
        if self.find(name) is not None:
            raise UsernameExists("User account already exists")
        username = name
        stored = {key: value for key, value in attributes.items() if key != "sub"}
        if self.signs_in_by_email:
            username = sub
            stored.setdefault("email", name)
            self._by_email[self._key(name)] = self._key(sub)
        user = User(username, sub, verifier, status, created_s=now_s, modified_s=now_s, attributes=stored)
        self._users[self._key(username)] = user
        return user

    def update(self, user: User, attributes: Mapping[str, str]) -> None:
        """Set attributes of a user; an empty value removes one, and a new address has to be verified anew.

        Raises:
            AliasExists: The pool signs in by e-mail, and the address is another user's.
        """
        email = attributes.get("email")
        if self.signs_in_by_email and email:
            owner = self._by_email.get(self._key(email))
            if owner not in (None, self._key(user.username)):
                raise AliasExists("An account with the given email already exists.")
            self._forget_email(user)
            self._by_email[self._key(email)] = self._key(user.username)
        if email not in (None, user.attributes.get("email")):
            attributes = {"email_verified": "false", **attributes}
        for name, value in attributes.items():
            if value:
                user.attributes[name] = value
            else:
                user.attributes.pop(name, None)

    def remove(self, user: User) -> None:
        """Forget a user."""
        key = self._key(user.username)
        del self._users[key]
        self._forget_email(user)

    def add_group(self, group: Group) -> None:
        """A new group.

        Raises:
            GroupExists: The name is taken.
        """
        if group.name in self._groups:
            raise GroupExists("A group with the name already exists.")
        self._groups[group.name] = group

    def group(self, name: str) -> Group:
        """The group of this name.

        Raises:
            ResourceNotFound: There is none.
        """
        if name not in self._groups:
            raise ResourceNotFound("Group not found.")
        return self._groups[name]

    def groups_of(self, user: User) -> list[Group]:
        """The groups of a user, those of the lowest precedence first, as it is they that win."""
        groups = [self._groups[name] for name in user.groups]
        return sorted(groups, key=lambda group: (group.precedence is None, group.precedence or 0, group.name))

    def has_scope(self, scope: str) -> bool:
        """Whether a resource server of the pool has this scope (`api/read`)."""
        identifier, _, name = scope.rpartition("/")
        scopes = self.resource_servers.get(identifier, {}).get("Scopes", ())
        return any(one["ScopeName"] == name for one in scopes)

    def _forget_email(self, user: User) -> None:
        key = self._key(user.username)
        self._by_email = {email: name for email, name in self._by_email.items() if name != key}

    def _key(self, name: str) -> str:
        return name.lower() if self.ignores_case else name


class Directory:
    """Every pool of the account in one region.

    Args:
        region: As in pool ids and issuers.
        clock: What time it is.
        chance: Where identifiers come from.
    """

    def __init__(self, region: str, clock: Clock, chance: Chance) -> None:
        self.region = region
        self.clock = clock
        self.chance = chance
        self._pools: dict[str, Pool] = {}
        self._clients: dict[str, Client] = {}

    def add_pool(self, name: str, pool_id: str | None = None) -> Pool:
        """A new pool with new keys; some 100 ms."""
        pool_id = pool_id or self.new_pool_id()
        keys = KeyPair.generate(self.chance)
        pool = self._pools[pool_id] = Pool(pool_id, name, self.region, keys=keys, created_s=self.clock.wall())
        return pool

    def add_client(self, client: Client) -> None:
        """Register a client with its pool, in the place of the one of the same id."""
        self._clients[client.id] = client

    def new_pool_id(self) -> str:
        """An identifier for a pool."""
        return f"{self.region}_{self.chance.text(POOL_ID_LENGTH, ALPHANUMERIC)}"

    def new_client_id(self) -> str:
        """An identifier for a client."""
        return self.chance.text(CLIENT_ID_LENGTH, LOWER_ALPHANUMERIC)

    def new_client_secret(self) -> str:
        """A secret for a client."""
        return self.chance.text(CLIENT_SECRET_LENGTH, LOWER_ALPHANUMERIC)

    def new_verifier(self, password: str) -> Verifier:
        """What recognises this password."""
        return Verifier(password, self.chance.random_bytes(16))

    def remove_pool(self, pool: Pool) -> None:
        """Forget a pool, its users and its clients."""
        del self._pools[pool.id]
        self._clients = {key: client for key, client in self._clients.items() if client.pool_id != pool.id}

    def find_pool(self, pool_id: str) -> Pool | None:
        """The pool of this id."""
        return self._pools.get(pool_id)

    def pool(self, pool_id: str) -> Pool:
        """The pool of this id.

        Raises:
            ResourceNotFound: There is none.
        """
        pool = self._pools.get(pool_id)
        if pool is None:
            raise ResourceNotFound(f"User pool {pool_id} does not exist.")
        return pool

    def pools(self) -> Iterable[Pool]:
        """All of them, in the order in which they were made."""
        return self._pools.values()

    def pool_of_arn(self, arn: str) -> Pool:
        """The pool of this resource name.

        Raises:
            ResourceNotFound: There is none.
        """
        found = next((pool for pool in self._pools.values() if pool.arn == arn), None)
        if found is None:
            raise ResourceNotFound(f"Resource {arn} does not exist.")
        return found

    def clients_of(self, pool: Pool) -> list[Client]:
        """The clients of a pool."""
        return [client for client in self._clients.values() if client.pool_id == pool.id]

    def find_client(self, client_id: str) -> Client | None:
        """The client of this id, of whichever pool."""
        return self._clients.get(client_id)

    def client(self, client_id: str) -> Client:
        """The client of this id, of whichever pool.

        Raises:
            ResourceNotFound: There is none.
        """
        client = self._clients.get(client_id)
        if client is None:
            raise ResourceNotFound(f"User pool client {client_id} does not exist.")
        return client

    def client_of(self, pool: Pool, client_id: str) -> Client:
        """The client of this id, of this pool.

        Raises:
            ResourceNotFound: There is none.
        """
        client = self.client(client_id)
        if client.pool_id != pool.id:
            raise ResourceNotFound(f"User pool client {client_id} does not exist.")
        return client

    def pool_of_key(self, kid: str) -> Pool | None:
        """The pool that signs with this key."""
        return next((pool for pool in self._pools.values() if pool.keys.find(kid)), None)
