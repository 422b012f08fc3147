import { fromBinary } from "@bufbuild/protobuf";
import { GetLockoutPolicyResponseSchema } from "../../gen/zitadel/admin_pb.js";
import { GrpcConnection } from "../attempts/drivers/grpc-connection.ts";
import type { CallName, Http1CallName } from "./calls.ts";
import { calls, http1Reads, paths } from "./calls.ts";
import type { Contender } from "./contestants.ts";
import { portOf } from "./contestants.ts";
import type { Target } from "./load/load.ts";

/** What every contestant's policy has. */
const passwordLimit = 5n;

/**
 * Calls once with the token and once with another, so that nobody is measured who does not do what is measured.
 * Answers the bytes of a right answer's body.
 */
export async function verify(
  call: CallName,
  contender: Contender,
): Promise<number> {
  const { protocol } = calls[call];
  const target = { port: portOf(contender, protocol), token: contender.token };
  const ask = call === "grpc" || call === "write" ? askGrpc : askJson(call);
  const answer = await ask(target);
  if (answer.passwordLimit !== passwordLimit) {
    throw new Error(`the policy says ${answer.passwordLimit} attempts`);
  }
  const other = await ask({ ...target, token: `${target.token}x` }).catch(
    () => undefined,
  );
  if (other !== undefined) {
    throw new Error("a wrong token was let through");
  }
  return answer.bytes;
}

interface Answer {
  readonly passwordLimit: bigint;
  readonly bytes: number;
}

async function askGrpc({ port, token }: Target): Promise<Answer> {
  const connection = await GrpcConnection.open({
    port,
    token,
    paths: [paths.read],
  });
  try {
    const message = await connection.call(0, Buffer.alloc(0));
    const { policy } = fromBinary(GetLockoutPolicyResponseSchema, message);
    return {
      passwordLimit: policy?.maxPasswordAttempts ?? 0n,
      bytes: message.length + 5,
    };
  } finally {
    connection.close();
  }
}

function askJson(call: Http1CallName) {
  return async ({ port, token }: Target): Promise<Answer> => {
    const { method, path, headers, body } = http1Reads[call];
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { ...headers, authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    });
    const answer = await response.text();
    if (!response.ok) {
      throw new Error(`answered ${response.status}: ${answer}`);
    }
    const { policy } = JSON.parse(answer) as {
      policy: { maxPasswordAttempts: string };
    };
    return {
      passwordLimit: BigInt(policy.maxPasswordAttempts),
      bytes: Buffer.byteLength(answer),
    };
  };
}
