from __future__ import annotations

import pytest

from harness.sandbox.checks.model import ServiceModel


@pytest.fixture(scope="module")
def model():
    return ServiceModel()


@pytest.mark.parametrize(
    ("operation", "parameters", "problem"),
    [
        # an enumeration names what it takes
        (
            "AdminCreateUser",
            {"UserPoolId": "us-east-1_a", "Username": "u", "MessageAction": "SHOUT"},
            (
                "1 validation error detected: Value 'SHOUT' at 'messageAction' failed to satisfy constraint: "
                "Member must satisfy enum value set: [RESEND, SUPPRESS]"
            ),
        ),
        # a sensitive value is not repeated
        (
            "AdminSetUserPassword",
            {"UserPoolId": "us-east-1_a", "Username": "u", "Password": "has space"},
            (
                "1 validation error detected: Value at 'password' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\S]+"
            ),
        ),
        # an empty value breaks both, and both are told
        (
            "AdminGetUser",
            {"UserPoolId": "", "Username": "u"},
            (
                "2 validation errors detected: Value '' at 'userPoolId' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+; "
                "Value '' at 'userPoolId' failed to satisfy constraint: Member must have length greater than or equal "
                "to 1"
            ),
        ),
        # too long
        (
            "AdminGetUser",
            {"UserPoolId": "us-east-1_a", "Username": "u" * 129},
            (
                "1 validation error detected: Value at 'username' failed to satisfy constraint: "
                "Member must have length less than or equal to 128"
            ),
        ),
        # a number out of range
        (
            "CreateUserPoolClient",
            {"UserPoolId": "us-east-1_a", "ClientName": "c", "AccessTokenValidity": 0},
            (
                "1 validation error detected: Value '0' at 'accessTokenValidity' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1"
            ),
        ),
        # inside a list, counted from one
        (
            "SignUp",
            {"ClientId": "c", "Username": "u", "UserAttributes": [{"Name": "email"}, {"Value": "v"}]},
            (
                "1 validation error detected: Value null at 'userAttributes.2.member.name' failed to satisfy "
                "constraint: Member must not be null"
            ),
        ),
    ],
)
def test_the_problem_is_told_as_the_service_tells_it(model, operation, parameters, problem):
    assert model.problem(operation, parameters) == problem


@pytest.mark.parametrize(
    ("parameters", "place", "expected"),
    [
        ({"ClientId": 7}, "clientId", "string"),
        ({"ClientId": True}, "clientId", "string"),
        ({"AuthParameters": []}, "authParameters", "map"),
        ({"AuthParameters": {"USERNAME": 7}}, "authParameters.USERNAME.member", "string"),
        ({"AnalyticsMetadata": "x"}, "analyticsMetadata", "structure"),
        ({"UserContextData": {"EncodedData": 1}}, "userContextData.encodedData", "string"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_its_place(model, parameters, place, expected):
    request = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "c", **parameters}
    problem = model.problem("InitiateAuth", request)
    assert f"at '{place}'" in problem
    assert problem.endswith(f"Member must be a {expected}")


def test_a_boolean_a_list_and_a_number_have_their_types_too(model):
    request = {
        "UserPoolId": "us-east-1_a",
        "ClientName": "c",
        "GenerateSecret": "yes",
        "ExplicitAuthFlows": "ALL",
        "IdTokenValidity": 1.5,
    }
    problem = model.problem("CreateUserPoolClient", request)
    assert problem.startswith("3 validation errors detected: ")
    assert all(f"Member must be a{kind}" in problem for kind in (" boolean", " list", "n integer"))


@pytest.mark.parametrize(
    "username", ["Zoë", "用户", "пользователь", "a+b@example.com", "√2", "👩‍🚀"[0], "e\u0301", "𠮷"]
)
def test_names_may_be_in_any_script(model, username):
    assert model.problem("AdminGetUser", {"UserPoolId": "us-east-1_a", "Username": username}) == ""


@pytest.mark.parametrize("username", ["two words", "tab\there", "line\n", "\u00a0", "\u200b"])
def test_names_hold_no_space_and_nothing_invisible(model, username):
    assert "pattern" in model.problem("AdminGetUser", {"UserPoolId": "us-east-1_a", "Username": username})


def test_null_is_as_good_as_absent(model):
    request = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "c", "AuthParameters": None, "Session": None}
    assert model.problem("InitiateAuth", request) == ""


def test_what_the_model_does_not_know_is_ignored(model):
    assert model.problem("GetUser", {"AccessToken": "a.b.c", "Invented": 1}) == ""


def test_operations_that_take_no_signature_are_those_of_the_model(model):
    assert model.is_public("InitiateAuth")
    assert not model.is_public("AdminInitiateAuth")
    assert model.knows("ForgotPassword")
    assert not model.knows("ForgetPassword")
