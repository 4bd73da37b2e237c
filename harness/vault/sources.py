"""Where secrets are kept, one function for each kind of place.

A source is handed the place of a reference and returns the text that is kept there, or raises `UnresolvedError`. What
it raises never holds a part of what was kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from harness.vault import keyring

Source = Callable[[str], str]

CONNECTIONS: Final = 64
LONGEST_FILE_BYTES: Final = 65_536
"""What AWS Secrets Manager keeps at most; a larger file is not a secret."""
_CREDENTIALS_HINT: Final = "Give the AWS chain (AWS_PROFILE, keys, SSO or a role) credentials that may read it."


class UnresolvedError(Exception):
    """A reference leads to no secret.

    Args:
        why: What was found there, without any of it.
        hint: One thing to do.
    """

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


def sources(environ: Mapping[str, str], region: str) -> Mapping[str, Source]:
    """The source of each scheme.

    Args:
        environ: Where `env:` looks.
        region: For AWS, where neither its variables nor its profile name one.
    """
    aws = _Aws(region)
    return {
        "env": lambda name: _variable(environ, name),
        "file": _file,
        "keyring": _entry,
        "ssm": aws.parameter,
        "secretsmanager": aws.secret,
        "literal": lambda text: text,
    }


def _variable(environ: Mapping[str, str], name: str) -> str:
    if name not in environ:
        raise UnresolvedError(f"the variable {name} is not set", "Set it where this process starts.")
    return environ[name]


def _file(path: str) -> str:
    """A file's text without the line end that editors put there."""
    try:
        with Path(path).expanduser().open("rb") as file:
            content = file.read(LONGEST_FILE_BYTES + 1)
        if len(content) > LONGEST_FILE_BYTES:
            raise UnresolvedError(
                f"the file is larger than {LONGEST_FILE_BYTES} bytes", "Name one that holds a secret."
            )
        return content.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise UnresolvedError(
            f"the file cannot be read: {error.strerror}", "Relative paths start where the command does; correct it."
        ) from None
    except UnicodeDecodeError:
        raise UnresolvedError("the file is not in UTF-8", "Save it as text.") from None


def _entry(place: str) -> str:
    service, _, name = place.rpartition("/")
    try:
        found = keyring.read(service, name)
    except keyring.KeyringUnusableError as error:
        raise UnresolvedError(str(error), error.hint) from None
    if found is None:
        raise UnresolvedError("the keyring has no such entry", f"Run: cognito-load vault set {place}")
    return found


class _Aws:
    """SSM and Secrets Manager by boto3's credential chain; clients are made when they are first needed."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._making = threading.Lock()
        self._clients: dict[str, Any] = {}

    def parameter(self, path: str) -> str:
        """A parameter, decrypted."""
        answer = self._ask("ssm", lambda ssm: ssm.get_parameter(Name=path, WithDecryption=True))
        return str(answer["Parameter"]["Value"])

    def secret(self, identifier: str) -> str:
        """The current version of a secret."""
        answer = self._ask("secretsmanager", lambda client: client.get_secret_value(SecretId=identifier))
        if "SecretString" not in answer:
            raise UnresolvedError("the secret is binary", "Store it as text.")
        return str(answer["SecretString"])

    def _ask(self, service: str, question: Callable[[Any], Any]) -> Any:  # noqa: ANN401  # boto3's documents
        try:
            return question(self._client(service))
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            is_absent = code in ("ParameterNotFound", "ResourceNotFoundException")
            hint = "Correct the name, or the region." if is_absent else _CREDENTIALS_HINT
            raise UnresolvedError(f"AWS answered {code}", hint) from None
        except NoRegionError:
            raise UnresolvedError("no region is known", "Set AWS_REGION, or the region of the AWS profile.") from None
        except BotoCoreError as error:
            raise UnresolvedError(f"AWS could not be asked: {type(error).__name__}", _CREDENTIALS_HINT) from None

    def _client(self, service: str) -> Any:  # noqa: ANN401  # boto3's client
        with self._making:
            if service not in self._clients:
                session: Any = boto3.session.Session()  # its stubs know services by literal names only
                self._clients[service] = session.client(
                    service,
                    region_name=session.region_name or self._region or None,
                    config=Config(
                        max_pool_connections=CONNECTIONS,
                        retries={"mode": "adaptive", "total_max_attempts": 8},  # SSM answers 40 a second by default
                    ),
                )
            return self._clients[service]
