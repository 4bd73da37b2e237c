"""Devices that users sign in from: confirming, remembering, listing and forgetting them.

Source: AWS's developer guide, "Working with user devices in your user pool", and the API reference.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

from harness.sandbox.errors import InvalidParameter
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.state.device import Device
from harness.sandbox.state.pool import Directory
from harness.sandbox.state.srp import PRIME, Enrolment
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.user import User

REMEMBERED = "remembered"
MOST = 60
"""ListDevices tells of so many at once, unless it is asked for fewer."""
LONGEST_SALT = 64


class Devices:
    """The operations on devices; a user's with an access token, an administrator's with AWS credentials."""

    def __init__(self, directory: Directory, tokens: Tokens) -> None:
        self._directory = directory
        self._tokens = tokens

    def confirm_device(self, parameters: Parameters) -> Answer:
        """ConfirmDevice: from now on it can prove itself; a pool that remembers by itself remembers it."""
        pool, user = self._tokens.holder(parameters["AccessToken"])
        device = user.device(parameters["DeviceKey"])
        config = parameters.get("DeviceSecretVerifierConfig") or {}
        device.enrolment = _enrolment(config.get("Salt") or "", config.get("PasswordVerifier") or "")
        device.name = parameters.get("DeviceName") or ""
        device.is_remembered = not pool.remembers_on_request
        device.modified_s = self._directory.clock.wall()
        return {"UserConfirmationNecessary": pool.remembers_on_request}

    def update_device_status(self, parameters: Parameters) -> Answer:
        """UpdateDeviceStatus: remember it, or do not."""
        return self._update(self._own(parameters), parameters)

    def get_device(self, parameters: Parameters) -> Answer:
        """GetDevice."""
        return {"Device": _description(self._own(parameters).device(parameters["DeviceKey"]))}

    def list_devices(self, parameters: Parameters) -> Answer:
        """ListDevices."""
        return _page(self._own(parameters), parameters)

    def forget_device(self, parameters: Parameters) -> Answer:
        """ForgetDevice: its next sign-in is a stranger's."""
        return _forget(self._own(parameters), parameters)

    def admin_update_device_status(self, parameters: Parameters) -> Answer:
        """AdminUpdateDeviceStatus."""
        return self._update(self._named(parameters), parameters)

    def admin_get_device(self, parameters: Parameters) -> Answer:
        """AdminGetDevice."""
        return {"Device": _description(self._named(parameters).device(parameters["DeviceKey"]))}

    def admin_list_devices(self, parameters: Parameters) -> Answer:
        """AdminListDevices."""
        return _page(self._named(parameters), parameters)

    def admin_forget_device(self, parameters: Parameters) -> Answer:
        """AdminForgetDevice."""
        return _forget(self._named(parameters), parameters)

    def _own(self, parameters: Parameters) -> User:
        _, user = self._tokens.holder(parameters.get("AccessToken") or "")
        return user

    def _named(self, parameters: Parameters) -> User:
        return self._directory.pool(parameters["UserPoolId"]).user(parameters["Username"])

    def _update(self, user: User, parameters: Parameters) -> Answer:
        device = user.device(parameters["DeviceKey"])
        wants = parameters.get("DeviceRememberedStatus") == REMEMBERED
        if wants and device.enrolment is None:
            raise InvalidParameter("Device has not been confirmed.")
        device.is_remembered = wants
        device.modified_s = self._directory.clock.wall()
        return {}


def _enrolment(salt: str, verifier: str) -> Enrolment:
    try:
        salt_bytes, number = b64decode(salt, validate=True), int.from_bytes(b64decode(verifier, validate=True))
    except (Error, ValueError):
        salt_bytes, number = b"", 0
    if not 0 < len(salt_bytes) <= LONGEST_SALT or not 0 < number < PRIME:
        raise InvalidParameter("Invalid device secret verifier config.")
    return Enrolment(salt_bytes, number)


def _forget(user: User, parameters: Parameters) -> Answer:
    del user.devices[user.device(parameters["DeviceKey"]).key]
    return {}


def _page(user: User, parameters: Parameters) -> Answer:
    devices, start = list(user.devices.values()), 0
    if token := parameters.get("PaginationToken"):
        start = next((index for index, device in enumerate(devices, 1) if device.key == token), 0)
        if not start:
            raise InvalidParameter("Invalid pagination token.")
    page = devices[start : start + (parameters.get("Limit") or MOST)]
    is_last = start + len(page) == len(devices)
    return {"Devices": list(map(_description, page)), **({} if is_last else {"PaginationToken": page[-1].key})}


def _description(device: Device) -> Answer:
    status = REMEMBERED if device.is_remembered else "not_remembered"
    return {
        "DeviceKey": device.key,
        "DeviceAttributes": [
            {"Name": "device_status", "Value": status},
            {"Name": "device_name", "Value": device.name},
            {"Name": "last_ip_used", "Value": "127.0.0.1"},
        ],
        "DeviceCreateDate": round(device.created_s, 3),
        "DeviceLastModifiedDate": round(device.modified_s, 3),
        "DeviceLastAuthenticatedDate": round(device.authenticated_s, 3),
    }
