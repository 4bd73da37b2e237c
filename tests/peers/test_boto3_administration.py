"""What an administrator asks and changes, called by boto3: pools, clients, groups, lists, tags, and who is asking."""

from __future__ import annotations

import base64
import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.peers

PASSWORD = "Sample-Password-1!"


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def sign_in(aws, client_id, username):
    values = {"USERNAME": username, "PASSWORD": PASSWORD}
    answer = aws.initiate_auth(AuthFlow="USER_PASSWORD_AUTH", ClientId=client_id, AuthParameters=values)
    return answer["AuthenticationResult"]


def sts_client(sandbox, **credentials):
    return boto3.session.Session().client(
        "sts",
        endpoint_url=sandbox.endpoint,
        region_name=sandbox.region,
        aws_access_key_id=credentials.get("key", sandbox.access_key_id),
        aws_secret_access_key=credentials.get("secret", sandbox.secret_access_key),
        config=Config(retries={"total_max_attempts": 1}),
    )


def names(page):
    return [user["Username"] for user in page["Users"]]


@pytest.fixture
def crowd(aws, pool_id):
    """Seven users, three of them with a family name, one of those disabled."""
    for number in range(7):
        marked = [{"Name": "family_name", "Value": 'mark "one"'}] if number < 3 else []
        aws.admin_create_user(UserPoolId=pool_id, Username=f"user-{number}", UserAttributes=marked)
    aws.admin_disable_user(UserPoolId=pool_id, Username="user-1")
    return pool_id


def test_sts_says_who_signs(sandbox):
    answer = sts_client(sandbox).get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == ("000000000000", "arn:aws:iam::000000000000:user/sandbox")


@pytest.mark.parametrize(
    ("credentials", "code"),
    [({"key": "AKIAUNKNOWN"}, "InvalidClientTokenId"), ({"secret": "wrong"}, "SignatureDoesNotMatch")],
)
def test_sts_refuses_strangers_in_its_own_words(sandbox, credentials, code):
    with pytest.raises(ClientError) as refused:
        sts_client(sandbox, **credentials).get_caller_identity()
    assert refused.value.response["Error"]["Code"] == code


def test_a_pool_is_described_with_its_policy_tags_and_size(aws):
    made = aws.create_user_pool(
        PoolName="tagged",
        Policies={"PasswordPolicy": {"MinimumLength": 14, "RequireNumbers": True}},
        UserPoolTags={"stage": "dev"},
        DeletionProtection="INACTIVE",
    )["UserPool"]
    aws.admin_create_user(UserPoolId=made["Id"], Username="someone")
    aws.tag_resource(ResourceArn=made["Arn"], Tags={"team": "identity", "stage": "test"})
    aws.untag_resource(ResourceArn=made["Arn"], TagKeys=["team"])
    pool = aws.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
    assert pool["UserPoolTags"] == {"stage": "test"}
    assert aws.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"] == {"stage": "test"}
    assert (pool["Name"], pool["EstimatedNumberOfUsers"], pool["MfaConfiguration"]) == ("tagged", 1, "OFF")
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 14
    aws.delete_user_pool(UserPoolId=made["Id"])
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.list_tags_for_resource(ResourceArn=made["Arn"])


def test_a_changed_client_behaves_as_it_is_described(aws, pool_id, client_id, username):
    """What the change does not name goes back to its default, as the API reference warns."""
    aws.update_user_pool_client(
        UserPoolId=pool_id,
        ClientId=client_id,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        AccessTokenValidity=10,
        TokenValidityUnits={"AccessToken": "minutes"},
        PreventUserExistenceErrors="ENABLED",
    )
    described = aws.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]
    assert (described["ClientName"], described["ExplicitAuthFlows"]) == ("peers", ["ALLOW_USER_PASSWORD_AUTH"])
    assert (described["AccessTokenValidity"], described["PreventUserExistenceErrors"]) == (10, "ENABLED")
    assert sign_in(aws, client_id, username)["ExpiresIn"] == 600
    aws.update_user_pool_client(UserPoolId=pool_id, ClientId=client_id)
    with pytest.raises(aws.exceptions.InvalidParameterException, match="USER_PASSWORD_AUTH flow not enabled"):
        sign_in(aws, client_id, username)


def test_pools_and_clients_are_listed_page_by_page(aws, pool_id):
    made = {
        aws.create_user_pool_client(UserPoolId=pool_id, ClientName=f"client-{number}")["UserPoolClient"]["ClientId"]
        for number in range(5)
    }
    pages = aws.get_paginator("list_user_pool_clients").paginate(UserPoolId=pool_id, PaginationConfig={"PageSize": 2})
    listed = [client["ClientId"] for page in pages for client in page["UserPoolClients"]]
    assert (set(listed), len(listed)) == (made, 5)
    pages = aws.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 1})
    assert pool_id in [pool["Id"] for page in pages for pool in page["UserPools"]]


def test_a_client_of_another_pool_is_not_described(aws, pool_id, sandbox):
    with pytest.raises(aws.exceptions.ResourceNotFoundException):
        aws.describe_user_pool_client(UserPoolId=pool_id, ClientId=sandbox.client_id)


def test_users_are_listed_page_by_page_even_while_some_go(aws, crowd):
    first = aws.list_users(UserPoolId=crowd, Limit=3)
    aws.admin_delete_user(UserPoolId=crowd, Username=names(first)[0])
    rest = aws.list_users(UserPoolId=crowd, Limit=60, PaginationToken=first["PaginationToken"])
    assert sorted(names(first) + names(rest)) == [f"user-{number}" for number in range(7)]
    assert "PaginationToken" not in rest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r'family_name = "mark \"one\""', 3),
        ('family_name ^= "mark"', 3),
        ('"family_name" = "mark"', 0),
        ('username = "user-5"', 1),
        ('status = "Disabled"', 1),
        ('cognito:user_status = "FORCE_CHANGE_PASSWORD"', 7),
    ],
)
def test_users_are_found_by_a_filter(aws, crowd, text, found):
    assert len(aws.list_users(UserPoolId=crowd, Filter=text)["Users"]) == found


@pytest.mark.parametrize("text", ['custom:tier = "gold"', "family_name", 'family_name = "open'])
def test_a_filter_that_is_none_is_refused(aws, crowd, text):
    with pytest.raises(aws.exceptions.InvalidParameterException, match="filter"):
        aws.list_users(UserPoolId=crowd, Filter=text)


def test_a_list_shows_the_attributes_that_were_asked_for(aws, crowd):
    (user,) = aws.list_users(UserPoolId=crowd, Filter='username = "user-0"', AttributesToGet=["sub"])["Users"]
    assert [attribute["Name"] for attribute in user["Attributes"]] == ["sub"]


def test_groups_are_in_the_tokens_the_one_that_wins_first(aws, pool_id, client_id, username):
    aws.create_group(UserPoolId=pool_id, GroupName="readers")
    aws.create_group(UserPoolId=pool_id, GroupName="writers", Precedence=1, Description="may write")
    for group in ("readers", "writers", "writers"):
        aws.admin_add_user_to_group(UserPoolId=pool_id, Username=username, GroupName=group)
    listed = aws.admin_list_groups_for_user(UserPoolId=pool_id, Username=username, Limit=1)
    assert [group["GroupName"] for group in listed["Groups"]] == ["writers"]
    listed = aws.admin_list_groups_for_user(UserPoolId=pool_id, Username=username, NextToken=listed["NextToken"])
    assert [group["GroupName"] for group in listed["Groups"]] == ["readers"]
    assert aws.get_group(UserPoolId=pool_id, GroupName="writers")["Group"]["Description"] == "may write"
    result = sign_in(aws, client_id, username)
    assert claims(result["AccessToken"])["cognito:groups"] == ["writers", "readers"]
    assert claims(result["IdToken"])["cognito:groups"] == ["writers", "readers"]
    with pytest.raises(aws.exceptions.GroupExistsException):
        aws.create_group(UserPoolId=pool_id, GroupName="readers")
    with pytest.raises(aws.exceptions.ResourceNotFoundException, match="Group"):
        aws.admin_add_user_to_group(UserPoolId=pool_id, Username=username, GroupName="editors")


def test_a_sign_out_by_the_administrator_revokes_tokens(aws, pool_id, client_id, username):
    token = sign_in(aws, client_id, username)["AccessToken"]
    aws.admin_user_global_sign_out(UserPoolId=pool_id, Username=username)
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="revoked"):
        aws.get_user(AccessToken=token)


def test_attributes_change_and_a_new_address_is_not_verified(aws, pool_id, username):
    changed = [{"Name": "email", "Value": "new@example.com"}, {"Name": "name", "Value": "Somebody"}]
    aws.admin_update_user_attributes(UserPoolId=pool_id, Username=username, UserAttributes=changed)
    aws.admin_update_user_attributes(
        UserPoolId=pool_id, Username=username, UserAttributes=[{"Name": "name", "Value": ""}]
    )
    listed = aws.admin_get_user(UserPoolId=pool_id, Username=username)["UserAttributes"]
    found = {attribute["Name"]: attribute["Value"] for attribute in listed}
    assert (found["email"], found["email_verified"]) == ("new@example.com", "false")
    assert "name" not in found


def test_who_signs_in_by_e_mail_does_so_with_the_new_address(aws):
    pool_id = aws.create_user_pool(PoolName="by-mail", UsernameAttributes=["email"])["UserPool"]["Id"]
    for address in ("one@example.com", "two@example.com"):
        aws.admin_create_user(UserPoolId=pool_id, Username=address)
    moved = [{"Name": "email", "Value": "three@example.com"}]
    aws.admin_update_user_attributes(UserPoolId=pool_id, Username="one@example.com", UserAttributes=moved)
    assert aws.admin_get_user(UserPoolId=pool_id, Username="three@example.com")["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    with pytest.raises(aws.exceptions.UserNotFoundException):
        aws.admin_get_user(UserPoolId=pool_id, Username="one@example.com")
    with pytest.raises(aws.exceptions.AliasExistsException):
        aws.admin_update_user_attributes(UserPoolId=pool_id, Username="two@example.com", UserAttributes=moved)
    aws.delete_user_pool(UserPoolId=pool_id)
