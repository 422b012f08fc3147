/** The messages of lockout.v1.AttemptService, written and read by hand: a tenth of what a library takes. */
import type { GrpcConnection } from "./grpc-connection.ts";

/** In the order in which they are called first. */
export const attemptPaths = [
  "/lockout.v1.AttemptService/BeginAttempt",
  "/lockout.v1.AttemptService/CompleteAttempt",
  "/lockout.v1.AttemptService/ReportAttempt",
] as const;

/** Numbers of the fields and enums of the proto file. */
const subjectFields = { userId: 1, loginName: 2 } as const;
const factorPassword = Buffer.of(0x18, 1);
export const decisions = { proceed: 1, locked: 2, busy: 3 } as const;
export const outcomes = { succeeded: 1, failed: 2, notAGuess: 3 } as const;

export interface Begun {
  /** One of the numbers of {@link decisions}. */
  readonly decision: number;
  readonly proceed: boolean;
  /** Its bytes, as they are sent back; empty unless `proceed`. */
  readonly attemptId: Buffer;
}

export async function begin(
  connection: GrpcConnection,
  subject: keyof typeof subjectFields,
  name: string,
): Promise<Begun> {
  const request = Buffer.concat([
    textField(subjectFields[subject], Buffer.from(name)),
    factorPassword,
  ]);
  const answer = await connection.call(0, request);
  const decision = numberField(answer, 1) ?? 0;
  return {
    decision,
    proceed: decision === decisions.proceed,
    attemptId: bytesField(answer, 2) ?? Buffer.alloc(0),
  };
}

export async function complete(
  connection: GrpcConnection,
  attemptId: Buffer,
  outcome: number,
): Promise<{ readonly accepted: boolean; readonly locked: boolean }> {
  const request = Buffer.concat([
    textField(1, attemptId),
    Buffer.of(0x10, outcome),
  ]);
  const answer = await connection.call(1, request);
  return {
    accepted: numberField(answer, 1) === 1,
    locked: numberField(answer, 2) === 1,
  };
}

/** Reports a comparison after the fact. */
export async function report(
  connection: GrpcConnection,
  subject: keyof typeof subjectFields,
  name: string,
  outcome: number,
): Promise<void> {
  const request = Buffer.concat([
    textField(subjectFields[subject], Buffer.from(name)),
    factorPassword,
    Buffer.of(0x28, outcome),
  ]);
  await connection.call(2, request);
}

function textField(number: number, bytes: Buffer): Buffer {
  if (bytes.length > 127) {
    throw new RangeError("a text is too long");
  }
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
}

function numberField(message: Buffer, number: number): number | undefined {
  const found = fields(message).find((field) => field.number === number);
  return typeof found?.value === "number" ? found.value : undefined;
}

function bytesField(message: Buffer, number: number): Buffer | undefined {
  const found = fields(message).find((field) => field.number === number);
  return typeof found?.value === "object" ? found.value : undefined;
}

interface Field {
  readonly number: number;
  readonly value: number | Buffer;
}

function fields(message: Buffer): readonly Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at);
      at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 128) {
        return value;
      }
    }
  };
  while (at < message.length) {
    const tag = varint();
    const value = varint();
    if ((tag & 7) === 2) {
      found.push({
        number: tag >> 3,
        value: message.subarray(at, at + value),
      });
      at += value;
    } else {
      found.push({ number: tag >> 3, value });
    }
  }
  return found;
}
