"""Three rows log in, and what comes of it tells more than whether they can.

Cognito looks at a login in steps: firewall, signature, app client, flow, secret hash, account. An error says which step
refused it, so that the steps before it are known to be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from harness import aws
from harness.cognito.flows import FLOWS, AppClient, token_path
from harness.cognito.tokens import Tokens
from harness.cognito.wire import CHALLENGE_UNANSWERED, MISSING_TARGET, NO_AWS_KEYS, NOT_COGNITO
from harness.conversation import Cognito, Conversation, CutOff
from harness.credentials import Row
from harness.doctor.case import TIMEOUT_S, Case, Known
from harness.doctor.finding import Finding, State, all_unchecked, explained, failed, ok, unchecked
from harness.errors import LoginError
from harness.evidence.figures.sample import Sample
from harness.extract import JsonExtractor
from harness.outcome import Outcome, Reason
from harness.settings import Settings

ROWS: Final = 3
"""Enough to see whether it is the row or the pool."""
ANSWER, FIREWALL, SIGNATURE, CLIENT, FLOW, SECRET, LOGIN = STEPS = (
    "endpoint",
    "firewall",
    "signature",
    "client id",
    "flow",
    "client secret",
    "login",
)
"""What a login passes on its way, in order."""
RIGHT: Final = {
    ANSWER: "it answers as Cognito does",
    FIREWALL: "it lets logins through",
    SIGNATURE: "accepted",
    CLIENT: "there is such an app client",
    FLOW: "enabled for this client",
    SECRET: "as the client needs it",
}
_BY_KIND: Final = {
    "ForbiddenException": FIREWALL,
    "UnrecognizedClientException": SIGNATURE,
    "InvalidSignatureException": SIGNATURE,
    "IncompleteSignatureException": SIGNATURE,
    "MissingAuthenticationTokenException": SIGNATURE,
    "ExpiredTokenException": SIGNATURE,
    "AccessDeniedException": SIGNATURE,
    NO_AWS_KEYS: SIGNATURE,
    "ResourceNotFoundException": CLIENT,
    MISSING_TARGET: ANSWER,
    NOT_COGNITO: ANSWER,
    "SerializationException": ANSWER,
    "UnknownOperationException": ANSWER,
    # OAuth's: a wrong client id and a wrong secret are one error.
    "invalid_client": CLIENT,
    "invalid_grant": FLOW,
    "unauthorized_client": FLOW,
    "unsupported_grant_type": FLOW,
    "invalid_request": ANSWER,
}
_THROTTLED: Final = "request rate"
_BY_OUTCOME: Final = {
    Outcome.TRANSPORT_ERROR: ANSWER,
    Outcome.SERVER_ERROR: ANSWER,
    Outcome.THROTTLED: _THROTTLED,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A login that was tried."""

    row: Row
    tokens: Tokens | None = None
    error: LoginError | None = None

    @property
    def refused_at(self) -> str:
        """The step that refused it; empty when none did."""
        return step_of(self.error) if self.error else ""


def step_of(error: LoginError) -> str:
    """The step of a login that this error comes from."""
    message = error.message.lower()
    if error.kind in _BY_KIND:
        return _BY_KIND[error.kind]
    if error.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[Outcome(error.outcome)]
    if error.kind == "InvalidParameterException" and ("enabled for" in message or "not supported" in message):
        return FLOW
    return SECRET if error.kind == "NotAuthorizedException" and "secret" in message else LOGIN


def check_logins(case: Case, known: Known) -> Iterator[Finding]:
    """The steps of a login, then each row that tried one."""
    why = _hindrance(known)
    if why or known.users is None or known.endpoint is None:
        yield from all_unchecked(STEPS, why)
        return
    rows = list(known.users.rows[:ROWS])
    keys = None if case.settings.is_machine else known.keys
    trial = _try(case, known, rows[0], keys)
    if trial.refused_at == SIGNATURE and keys is not None and not case.settings.flow.startswith("ADMIN_"):
        yield _refusal(trial, SIGNATURE)
        trial = _try(case, known, rows[0], None)  # unsigned, so that one fault does not hide the next
        if trial.refused_at == SIGNATURE:
            yield from all_unchecked(STEPS[3:], "no login gets past the signature")
            return
        yield from _steps(trial, known, is_signed=False, told={SIGNATURE})
        keys = None
    else:
        yield from _steps(trial, known, is_signed=keys is not None, told=set())
    if trial.refused_at not in ("", LOGIN):
        return
    for row in rows:
        tried = trial if row is rows[0] else _try(case, known, row, keys)
        known.tokens = known.tokens or tried.tokens
        yield _of_machine(tried, case.settings) if case.settings.is_machine else _outcome(tried)


def _hindrance(known: Known) -> str:
    if not known.has_connection:
        return "the endpoint is not reached"
    if known.secrets is None:
        return "a secret reference does not resolve"
    return "" if known.users else "there is no users file to log in with"


def _steps(trial: Trial, known: Known, *, is_signed: bool, told: set[str]) -> Iterator[Finding]:
    refused = trial.refused_at
    if refused == _THROTTLED:
        yield replace(_refusal(trial, _THROTTLED), state=State.WARNING)
        yield from all_unchecked([step for step in STEPS[1:] if step not in told], "the login was throttled")
        return
    for number, step in enumerate(STEPS[:-1]):
        if step == refused:
            yield _refusal(trial, step)
            rest = [later for later in STEPS[number + 1 :] if later not in told]
            yield from all_unchecked(rest, f"the login got no further than: {step}")
            known.is_reached = known.is_reached and step != ANSWER
            return
        if step == SIGNATURE and not is_signed:
            if step not in told:
                yield unchecked(step, "calls are not signed")
        else:
            yield ok(step, RIGHT[step])


def _refusal(trial: Trial, step: str) -> Finding:
    error = trial.error
    return failed(step, error) if error else ok(step, "")


def _outcome(trial: Trial) -> Finding:
    row, error = trial.row, trial.error
    check = f"{LOGIN}, line {row.line}"
    name = row.account.username
    if error is None:
        return ok(check, f"{name}: confirmed, logged in")
    if error.kind == CHALLENGE_UNANSWERED and "NEW_PASSWORD_REQUIRED" in error.message and row.account.new_password:
        return explained(
            check,
            error.kind,
            f"{name}: NEW_PASSWORD_REQUIRED: the password is temporary; a load sets the row's new_password",
            hint="Or set it for good before: cognito-load provision reset-passwords.",
            state=State.WARNING,
        )
    found = failed(check, error)
    return replace(found, message=f"{name}: {found.message}")


def _of_machine(trial: Trial, settings: Settings) -> Finding:
    if trial.error is not None:
        return failed(LOGIN, trial.error)
    scopes = ", ".join(settings.scope_names) or "all that it may have"
    return ok(LOGIN, f"client {settings.client_id} got an access token for {scopes}")


def _try(case: Case, known: Known, row: Row, keys: aws.KeySource | None) -> Trial:
    """One login. A temporary password stays what it is: the row's new_password is not given."""
    settings, endpoint = case.settings, known.endpoint
    assert endpoint is not None  # noqa: S101  # nobody tries without one
    cognito = Cognito(
        endpoint,
        region=settings.region,
        keys=keys,
        tls=known.tls if endpoint.is_tls else None,
        proxy=known.proxy,
        connect_timeout_s=TIMEOUT_S,
        read_timeout_s=TIMEOUT_S,
    )
    secrets = known.secrets or {}
    client = AppClient(
        settings.client_id,
        secrets.get(settings.client_secret, settings.client_secret),
        settings.user_pool_id,
        settings.first_factor,
        scopes=settings.scope_names,
    )
    account = replace(row.account, new_password="")
    flow = FLOWS[settings.flow](client, account, JsonExtractor.token(token_path(settings.flow)).from_document)
    conversation = Conversation(cognito, _Unseen())
    try:
        return Trial(row, tokens=conversation.run(flow, Reason.INITIAL))
    except LoginError as error:
        return Trial(row, error=error)
    finally:
        conversation.close()


class _Unseen:
    """The witness of logins that nobody measures."""

    def sample(self, sample: Sample, /) -> None:
        """Keep nothing."""

    def cut_off(self, cut_off: CutOff, /) -> None:
        """Count nothing."""
