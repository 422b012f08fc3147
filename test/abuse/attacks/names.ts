import { GrpcConnection } from "../../../bench/attempts/drivers/grpc-connection.ts";
import type { Attack } from "../attack.ts";
import type { Tally } from "../tally.ts";
import { countRows } from "../count-rows.ts";
import { bearer, openRead, request } from "../wire/http1.ts";
import { field, numberField } from "../wire/messages.ts";
import { atOnce, Span } from "../wire/pace.ts";

const password = 1;
const failed = 2;
const attempts = "/lockout.v1.AttemptService";

/** Many marks that Unicode's normal form has to sort. */
function marks(count: number): string {
  return `a${"\u0301".repeat(count)}${"\u0316".repeat(count)}`;
}

export const combiningMarks: Attack = {
  name: "combining-marks",
  what: "Login names, aliases and ids of a letter and 200 to 180,000 combining marks, on 4 connections.",
  role: "ORG_OWNER",
  run: async (target, tally) => {
    const span = new Span(target);
    const headers = bearer(target.token);
    const asked = [20_000, 90_000, 40_000, 99].flatMap((count) => {
      const name = marks(count);
      const json = (body: unknown) => Buffer.from(JSON.stringify(body));
      return [
        request(
          "POST",
          "/lockout/v1/attempts",
          headers,
          json({ loginName: name, factor: "FACTOR_PASSWORD" }),
        ),
        request(
          "PUT",
          "/lockout/v1/users/marks",
          headers,
          json({ aliases: [name], state: "USER_STATE_ACTIVE" }),
        ),
        request(
          "POST",
          `${attempts}/BeginAttempt`,
          headers,
          json({ userId: name, factor: "FACTOR_PASSWORD" }),
        ),
        request(
          "POST",
          `${attempts}/ReportAttempt`,
          headers,
          json({
            loginName: "known-0@example.com",
            factor: "FACTOR_PASSWORD",
            outcome: "OUTCOME_NOT_A_GUESS",
            client: { userAgent: name, device: name },
          }),
        ),
      ];
    });
    await atOnce(4, async (lane) => {
      for (let turn = lane; !span.over;) {
        const socket = await openRead(target, tally);
        const next = () => {
          turn += 1;
          if (!span.over && socket.writable) {
            socket.write(asked[turn % asked.length] ?? "");
          }
        };
        socket.on("data", next);
        next();
        await new Promise((resolve) => {
          socket.once("close", resolve);
          setTimeout(resolve, span.leftMs);
        });
      }
    });
    return undefined;
  },
};

/** Begins and fails attempts without a pause, 64 at once on each of two connections. Returns how many. */
async function failAll(
  { port, token }: { readonly port: number; readonly token: string },
  span: Span,
  tally: Tally,
  subject: (index: number) => Buffer,
): Promise<number> {
  const paths = [`${attempts}/BeginAttempt`, `${attempts}/CompleteAttempt`];
  let count = 0;
  await atOnce(2, async () => {
    const connection = await GrpcConnection.open({ port, token, paths });
    await atOnce(64, async () => {
      while (!span.over) {
        count += 1;
        const begin = Buffer.concat([subject(count), numberField(3, password)]);
        const begun = await connection.call(0, begin).catch(() => undefined);
        const id = begun && readAttemptId(begun);
        if (id === undefined) {
          continue;
        }
        const complete = Buffer.concat([field(1, id), numberField(2, failed)]);
        await connection.call(1, complete).catch(() => undefined);
      }
    });
    tally.send(connection.sentBytes);
    connection.close();
  });
  return count;
}

/** The second field of a response whose first, if it is there, is a number below 128. */
function readAttemptId(message: Buffer): Buffer | undefined {
  const at = message[0] === 0x08 ? 2 : 0;
  if (message[at] !== 0x12) {
    return undefined;
  }
  return message.subarray(at + 2, at + 2 + (message[at + 1] ?? 0));
}

/** How much faster the server's clock runs: what it keeps for ten minutes is then due after three seconds. */
const clockSpeed = 200;

export const unknownNames: Attack = {
  name: "unknown-names",
  what: `Attempts for names that nobody has, failed without a pause while the server's clock runs ${clockSpeed} times as fast: what is kept of them must stop growing.`,
  role: "IAM_LOGIN_CLIENT",
  needs: { clockSpeed },
  run: async (target, tally) => {
    // Three times as long as attempts are kept.
    const seconds = Math.max(4, target.seconds);
    const kept: number[] = [];
    const counts: number[] = [];
    for (let third = 0; third < 3; third += 1) {
      const span = new Span({ seconds });
      const count = await failAll(target, span, tally, (index) =>
        field(2, `nobody-${third}-${index}@example.org`),
      );
      counts.push(count);
      kept.push(await countRows(target.database, "attempts"));
    }
    tally.count(`names: ${counts.join(", ")}, kept: ${kept.join(", ")}`);
    return (kept[2] ?? 0) > 2 * (counts[2] ?? 0)
      ? [`the attempts that are kept grow: ${kept.join(", ")}`]
      : [];
  },
};

export const unknownIds: Attack = {
  name: "unknown-ids",
  what: "Attempts for ids that nobody has, which registers users, failed without a pause.",
  role: "IAM_LOGIN_CLIENT",
  run: async (target, tally) => {
    const said = await failAll(target, new Span(target), tally, (index) =>
      field(1, `stranger-${index}`),
    );
    tally.count(`ids: ${said}`);
    return undefined;
  },
};

export const oneUser: Attack = {
  name: "one-user",
  what: "Attempts of one user, failed without a pause.",
  role: "IAM_LOGIN_CLIENT",
  run: async (target, tally) => {
    const said = await failAll(target, new Span(target), tally, () =>
      field(1, "the-one"),
    );
    tally.count(`attempts: ${said}`);
    return undefined;
  },
};
