import type { JsonValue } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type {
  Answer,
  CallHeaders,
  Door,
} from "../support/protocol-variants.ts";
import type { TestServer } from "../support/server.ts";

/** What a situation is played in: a server, and an organisation of its own. */
export interface Stage {
  readonly server: TestServer;
  /** A new organisation. */
  readonly orgId: string;
  /** A token of the organisation with the role ORG_OWNER. */
  readonly orgOwner: string;
  /** A token with these roles, of this stage's organisation. */
  readonly token: (
    roles: readonly string[],
    expireInMs?: number,
  ) => Promise<string>;
  /** A user of the stage's organisation; the id is new. */
  readonly userId: string;
}

/** A refusal that is expected: HTTP status by REST, and the same by every other door. */
export interface Refusal {
  readonly code: Code;
  readonly status: number;
  /** Undefined where no detail is sent. */
  readonly id: string | undefined;
  readonly key: string;
}

/** Calls a method through the door under test, by the stage's organisation owner unless told. */
export type Call = (door: Door, stage: Stage) => Promise<Answer>;

export interface Situation {
  readonly name: string;
  readonly given?: (stage: Stage) => Promise<unknown>;
  readonly call: Call;
  readonly refused: Refusal;
}

/** What an answer must be, for a refusal. */
export function refusalAnswer(refused: Refusal, door: string): Answer {
  const { code, status, id, key } = refused;
  return {
    ok: false,
    code,
    message: id === undefined ? key : `${key} (${id})`,
    details: id === undefined ? [] : [{ id, message: key }],
    ...(door.startsWith("REST") && { status }),
  };
}

export const refusal = {
  invalid: (id: string | undefined, key: string): Refusal => ({
    code: Code.InvalidArgument,
    status: 400,
    id,
    key,
  }),
  precondition: (id: string, key: string): Refusal => ({
    code: Code.FailedPrecondition,
    status: 400,
    id,
    key,
  }),
  notFound: (id: string, key: string): Refusal => ({
    code: Code.NotFound,
    status: 404,
    id,
    key,
  }),
  exists: (id: string, key: string): Refusal => ({
    code: Code.AlreadyExists,
    status: 409,
    id,
    key,
  }),
  denied: (id: string, key: string): Refusal => ({
    code: Code.PermissionDenied,
    status: 403,
    id,
    key,
  }),
  unauthenticated: (id: string | undefined, key: string): Refusal => ({
    code: Code.Unauthenticated,
    status: 401,
    id,
    key,
  }),
};

/** The message of an answer that must not be a refusal. */
export function messageOf(answer: Answer): JsonValue {
  if (!answer.ok) {
    throw new Error(`refused: ${answer.message}`);
  }
  return answer.message;
}

/** The fields that a refusal says something of, in its order. */
export function violatedFields(answer: Answer): readonly string[] {
  const { violations = [] } = answer.ok ? {} : answer;
  return violations.map(({ field }) => field);
}

export type { CallHeaders };
