"""grpcio, with no generated code: the messages and calls come from the server's reflection (v1alpha)."""

import unittest

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

import stage

ADMIN = "zitadel.admin.v1.AdminService"
MANAGEMENT = "zitadel.management.v1.ManagementService"


class GrpcioTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.channel = grpc.insecure_channel(stage.ADDRESS)
        cls.database = ProtoReflectionDescriptorDatabase(cls.channel)
        cls.pool = DescriptorPool(cls.database)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()

    def call(self, service, method, *, org=None, token=stage.ADMIN_TOKEN, compression=None, **fields):
        described = self.pool.FindServiceByName(service).FindMethodByName(method)
        request = GetMessageClass(described.input_type)(**fields)
        metadata = [] if token is None else [("authorization", f"Bearer {token}")]
        if org is not None:
            metadata.append(("x-zitadel-orgid", org))
        return self.channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(described.output_type).FromString,
        )(request, metadata=metadata, timeout=60, compression=compression)

    def refusal(self, *arguments, **fields):
        """The error's code, text and details, as google.rpc.Status tells them."""
        with self.assertRaises(grpc.RpcError) as raised:
            self.call(*arguments, **fields)
        status = rpc_status.from_call(raised.exception)
        if status is None:
            return raised.exception.code(), raised.exception.details(), []
        self.assertEqual(status.code, raised.exception.code().value[0])
        detail_class = GetMessageClass(self.pool.FindMessageTypeByName("zitadel.v1.ErrorDetail"))
        details = []
        for packed in status.details:
            detail = detail_class()
            self.assertTrue(packed.Unpack(detail))
            details.append((detail.id, detail.message))
        return raised.exception.code(), status.message, details

    def test_services(self):
        services = self.database.get_services()
        for name in (ADMIN, MANAGEMENT, "grpc.health.v1.Health", "lockout.v1.AttemptService"):
            self.assertIn(name, services)

    def test_default_policy(self):
        updated = self.call(ADMIN, "UpdateLockoutPolicy", max_password_attempts=5, max_otp_attempts=3)
        self.assertEqual(updated.details.resource_owner, stage.INSTANCE_ID)
        self.assertFalse(updated.details.HasField("creation_date"))
        policy = self.call(ADMIN, "GetLockoutPolicy").policy
        self.assertEqual((policy.max_password_attempts, policy.max_otp_attempts), (5, 3))
        self.assertTrue(policy.is_default)
        self.assertEqual(policy.details.sequence, updated.details.sequence)

    def test_error_detail(self):
        self.call(ADMIN, "UpdateLockoutPolicy", max_password_attempts=6)
        self.assertEqual(
            self.refusal(ADMIN, "UpdateLockoutPolicy", max_password_attempts=6),
            (
                grpc.StatusCode.FAILED_PRECONDITION,
                "Errors.IAM.LockoutPolicy.NotChanged (INSTANCE-0psjF)",
                [("INSTANCE-0psjF", "Errors.IAM.LockoutPolicy.NotChanged")],
            ),
        )

    def test_no_token(self):
        self.assertEqual(
            self.refusal(ADMIN, "GetLockoutPolicy", token=None),
            (grpc.StatusCode.UNAUTHENTICATED, "auth header missing", []),
        )

    def test_gzip(self):
        self.call(ADMIN, "UpdateLockoutPolicy", compression=grpc.Compression.Gzip, max_password_attempts=70)
        policy = self.call(ADMIN, "GetLockoutPolicy", compression=grpc.Compression.Gzip).policy
        self.assertEqual(policy.max_password_attempts, 70)

    def test_organisation_policy(self):
        added = self.call(MANAGEMENT, "AddCustomLockoutPolicy", org=stage.ORG_ID, max_password_attempts=7)
        self.assertEqual(added.details.resource_owner, stage.ORG_ID)
        self.call(MANAGEMENT, "UpdateCustomLockoutPolicy", org=stage.ORG_ID, max_otp_attempts=2)
        own = self.call(MANAGEMENT, "GetLockoutPolicy", org=stage.ORG_ID)
        self.assertFalse(own.is_default)
        self.assertEqual((own.policy.max_password_attempts, own.policy.max_otp_attempts), (0, 2))
        self.assertTrue(self.call(MANAGEMENT, "GetDefaultLockoutPolicy", org=stage.ORG_ID).policy.is_default)
        self.call(MANAGEMENT, "ResetLockoutPolicyToDefault", org=stage.ORG_ID)
        self.assertTrue(self.call(MANAGEMENT, "GetLockoutPolicy", org=stage.ORG_ID).is_default)

    def test_unknown_organisation(self):
        code, text, _ = self.refusal(MANAGEMENT, "GetLockoutPolicy", org="imported")
        self.assertEqual(code, grpc.StatusCode.PERMISSION_DENIED)
        self.assertEqual(text, "Organisation doesn't exist (AUTH-Bs7Ds)")


if __name__ == "__main__":
    unittest.main()
