"""What users do about their own accounts: codes, forgotten and new passwords, devices."""

from __future__ import annotations

from bench.fidelity.place import NEW_PASSWORD, PASSWORD, WRONG, Place
from bench.fidelity.probe import behaviour, refused, same, told_by_tests, true
from bench.fidelity.refusals import INCORRECT, NOT_AUTHORIZED

RECOVERY, DEVICES = "peers/test_recovery.py::", "peers/test_devices.py::"
NO_CODE = "000000x"


@behaviour(
    "A sign-up's wrong code is a CodeMismatchException", f"{RECOVERY}test_a_sign_up_is_confirmed_by_its_last_code"
)
def wrong_confirmation(place: Place) -> None:
    username = f"newcomer-{place.user()}"
    address = [{"Name": "email", "Value": "newcomer@example.com"}]
    place.aws.sign_up(ClientId=place.app.id, Username=username, Password=PASSWORD, UserAttributes=address)
    values = {"ClientId": place.app.id, "Username": username, "ConfirmationCode": NO_CODE}
    refused("CodeMismatchException", None, place.aws.confirm_sign_up, **values)


def _verified(place: Place) -> dict[str, str]:
    """A user with an address that codes are sent to."""
    return {"ClientId": place.app.id, "Username": place.user(email_verified="true")}


@behaviour(
    "ForgotPassword says where its code went, and not the whole address",
    f"{RECOVERY}test_a_forgotten_password_is_replaced_by_a_code_that_is_good_once",
)
def forgotten(place: Place) -> None:
    values = _verified(place)
    told = place.aws.forgot_password(**values)["CodeDeliveryDetails"]
    same((told["DeliveryMedium"], told["AttributeName"]), ("EMAIL", "email"), "CodeDeliveryDetails")
    true(values["Username"] not in told["Destination"], "the whole address")


@behaviour(
    "A forgotten password's wrong code is a CodeMismatchException",
    f"{RECOVERY}test_a_forgotten_password_is_replaced_by_a_code_that_is_good_once",
)
def wrong_code_for_forgotten(place: Place) -> None:
    values = _verified(place)
    place.aws.forgot_password(**values)
    values |= {"ConfirmationCode": NO_CODE, "Password": NEW_PASSWORD}
    refused("CodeMismatchException", None, place.aws.confirm_forgot_password, **values)


@behaviour(
    "ForgotPassword of an unknown user, hidden, is answered as any other",
    f"{RECOVERY}test_whether_somebody_exists_is_hidden_or_shown_throughout",
)
def forgotten_by_nobody(place: Place) -> None:
    app = place.client(PreventUserExistenceErrors="ENABLED")
    told = place.aws.forgot_password(ClientId=app.id, Username="nobody@example.com")
    true("CodeDeliveryDetails" in told, "no CodeDeliveryDetails")


@behaviour(
    "ChangePassword wants the old one",
    f"{RECOVERY}test_somebody_who_is_signed_in_changes_password_and_attributes",
)
def changed(place: Place) -> None:
    username = place.user()
    given = {"AccessToken": place.tokens(username)["AccessToken"], "ProposedPassword": NEW_PASSWORD}
    refused(NOT_AUTHORIZED, INCORRECT, place.aws.change_password, PreviousPassword=WRONG, **given)
    place.aws.change_password(PreviousPassword=PASSWORD, **given)
    place.log_in(username, NEW_PASSWORD)


enrolled_within = told_by_tests(
    "MFA_SETUP: an authenticator is enrolled within a sign-in",
    f"{RECOVERY}test_an_app_is_enrolled_within_the_sign_in_and_asked_for_from_then_on",
)


@behaviour(
    "A pool that tracks devices names a new one in its first tokens (NewDeviceMetadata)",
    f"{DEVICES}test_pycognito_s_device_proves_itself_and_is_not_new_again",
)
def new_device(place: Place) -> None:
    tracking = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
    pool_id = place.pool(DeviceConfiguration=tracking)
    tokens = place.tokens(place.user(pool_id=pool_id), place.client(pool_id=pool_id))
    same(sorted(tokens.get("NewDeviceMetadata", {})), ["DeviceGroupKey", "DeviceKey"], "NewDeviceMetadata")


remembered = told_by_tests(
    "A remembered device proves itself by DEVICE_SRP_AUTH and DEVICE_PASSWORD_VERIFIER",
    f"{DEVICES}test_pycognito_s_device_proves_itself_and_is_not_new_again",
)
device_refresh = told_by_tests(
    "A device's refresh token is refused without its DEVICE_KEY",
    f"{DEVICES}test_a_refresh_that_names_no_device_or_another_is_refused",
)
