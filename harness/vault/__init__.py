"""References to secrets, and the secrets that they stand for.

A secret setting or a secret column of the users file may hold a reference instead of the secret: `env:NAME`,
`file:PATH`, `keyring:service/name`, `ssm:/path`, `secretsmanager:id#member`. They are resolved once, where the value
enters: many at a time, and every one that cannot be is told at once.

Reading order: `reference` (what one looks like), `sources` (where secrets are kept), `unlock` (many at once), `keyring`
(entries that `cognito-load vault` keeps).
"""

from harness.vault.reference import PREFIXES, SCHEMES
from harness.vault.unlock import unlock

__all__ = ["PREFIXES", "SCHEMES", "unlock"]
