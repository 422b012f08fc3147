"""ZITADEL's own Python client: Connect JSON over HTTP/1.1."""

import unittest
from http import HTTPStatus

from zitadel_client import Zitadel
from zitadel_client.exceptions import ApiError
from zitadel_client.models import (
    BetaSettingsServiceGetLockoutSettingsRequest,
    SettingsServiceGetLockoutSettingsRequest,
    SettingsServiceRequestContext,
    UserServiceLockUserRequest,
    UserServiceUnlockUserRequest,
)

import stage


class ZitadelClientTest(unittest.TestCase):
    def setUp(self):
        self.zitadel = Zitadel.with_access_token(f"http://{stage.ADDRESS}", stage.ADMIN_TOKEN)

    def test_lockout_settings(self):
        of_instance = self.zitadel.settings.get_lockout_settings(
            SettingsServiceGetLockoutSettingsRequest(ctx=SettingsServiceRequestContext(instance=True))
        )
        self.assertEqual(of_instance.details.resource_owner, stage.INSTANCE_ID)
        self.assertEqual(of_instance.settings.resource_owner_type, "RESOURCE_OWNER_TYPE_INSTANCE")
        of_org = self.zitadel.settings.get_lockout_settings(
            SettingsServiceGetLockoutSettingsRequest(ctx=SettingsServiceRequestContext(org_id=stage.ORG_ID))
        )
        self.assertEqual(of_org.details.resource_owner, stage.INSTANCE_ID)

    def test_lockout_settings_without_context(self):
        answers = [
            self.zitadel.settings.get_lockout_settings(SettingsServiceGetLockoutSettingsRequest()),
            self.zitadel.beta_settings.get_lockout_settings(BetaSettingsServiceGetLockoutSettingsRequest()),
        ]
        for answer in answers:
            self.assertEqual(answer.details.resource_owner, stage.INSTANCE_ID)

    def test_lock_and_unlock(self):
        locked = self.zitadel.users.lock_user(UserServiceLockUserRequest(userId=stage.USER_ID))
        self.assertEqual(locked.details.resource_owner, stage.ORG_ID)
        unlocked = self.zitadel.users.unlock_user(UserServiceUnlockUserRequest(userId=stage.USER_ID))
        self.assertEqual(int(unlocked.details.sequence), int(locked.details.sequence) + 1)
        with self.assertRaises(ApiError) as raised:
            self.zitadel.users.unlock_user(UserServiceUnlockUserRequest(userId=stage.USER_ID))
        self.assertEqual(raised.exception.code, HTTPStatus.BAD_REQUEST)
        self.assertEqual(
            raised.exception.response_body["message"],
            "Errors.User.NotLocked (COMMAND-olb9vb0oca)",
        )

    def test_sign_in_by_key_file(self):
        self.check_sign_in(Zitadel.with_private_key(f"http://{stage.ADDRESS}", stage.KEY_FILE))

    def test_sign_in_by_client_credentials(self):
        self.check_sign_in(
            Zitadel.with_client_credentials(f"http://{stage.ADDRESS}", stage.CLIENT_ID, stage.CLIENT_SECRET)
        )

    def check_sign_in(self, zitadel):
        for _ in range(2):
            answer = zitadel.settings.get_lockout_settings(SettingsServiceGetLockoutSettingsRequest())
            self.assertEqual(answer.details.resource_owner, stage.INSTANCE_ID)

    def test_no_such_token(self):
        stranger = Zitadel.with_access_token(f"http://{stage.ADDRESS}", "no-such-token")
        with self.assertRaises(ApiError) as raised:
            stranger.settings.get_lockout_settings(SettingsServiceGetLockoutSettingsRequest())
        self.assertEqual(raised.exception.code, HTTPStatus.UNAUTHORIZED)


if __name__ == "__main__":
    unittest.main()
