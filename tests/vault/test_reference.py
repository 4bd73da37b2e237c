from __future__ import annotations

import pytest

from harness.vault.reference import MalformedReferenceError, Reference, parse


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("env:ALICE_PASSWORD", Reference("env", "ALICE_PASSWORD")),
        ("file:~/secrets/alice", Reference("file", "~/secrets/alice")),
        ("keyring:load/alice", Reference("keyring", "load/alice")),
        # a service may hold slashes; the name is what follows the last
        ("keyring:https://pool/alice@example.com", Reference("keyring", "https://pool/alice@example.com")),
        ("ssm:/load/alice", Reference("ssm", "/load/alice")),
        ("secretsmanager:load/users", Reference("secretsmanager", "load/users")),
        ("secretsmanager:load/users#alice", Reference("secretsmanager", "load/users", "alice")),
        (
            "secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:load-AbCdEf#a b",
            Reference("secretsmanager", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:load-AbCdEf", "a b"),
        ),
        ("literal:env:x", Reference("literal", "env:x")),
    ],
)
def test_a_reference_is_recognised(text, reference):
    assert parse(text) == reference


@pytest.mark.parametrize("text", ["", "Passw0rd!", "a:b", "ENV:NAME", " env:NAME", "environment:NAME", "https://x/y"])
def test_everything_else_is_a_secret_itself(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    "text", ["env:9canary", "env:", "file:", "keyring:canary", "ssm:ca nary", "secretsmanager:a b"]
)
def test_what_begins_like_one_and_is_none_is_told_without_its_text(text):
    with pytest.raises(MalformedReferenceError) as caught:
        parse(text)
    assert "canary" not in str(caught.value)
