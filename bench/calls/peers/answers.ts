/** What every peer answers, whatever it is asked: the policy that lockoutd creates at its first start. */
import { create, toBinary, toJson } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  GetLockoutPolicyResponseSchema,
  UpdateLockoutPolicyResponseSchema,
} from "../../../gen/zitadel/admin_pb.js";

const resourceOwner = "397114861402619904";
const time = timestampFromMs(1_795_000_000_123);

export const policyAnswer = create(GetLockoutPolicyResponseSchema, {
  policy: {
    details: {
      sequence: 1n,
      creationDate: time,
      changeDate: time,
      resourceOwner,
    },
    maxPasswordAttempts: 5n,
    maxOtpAttempts: 5n,
    isDefault: true,
  },
});

export const updateAnswer = create(UpdateLockoutPolicyResponseSchema, {
  details: { sequence: 2n, changeDate: time, resourceOwner },
});

export const policyJson = toJson(GetLockoutPolicyResponseSchema, policyAnswer);

/** The policy's message with the five bytes that gRPC puts before it. */
export function policyFrame(): Buffer {
  const message = toBinary(GetLockoutPolicyResponseSchema, policyAnswer);
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
