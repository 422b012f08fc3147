/**
 * The service that one statement per call makes: the attempt service as a team would write it that knows its PostgreSQL. The
 * same HTTP server, gate and messages as lockoutd's, and a pool of connections with prepared statements. Each call is one
 * statement, which is atomic by itself: the row of the user is changed where it may be, and what follows from it is
 * written by the same statement. No call waits for others but at rows.
 *
 * It is started as lockoutd is; what it does not serve, it takes no arguments for.
 */
import { parseArgs } from "node:util";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createServiceImplSpec } from "@connectrpc/connect";
import pg from "pg";
import {
  AttemptService,
  Decision,
  Outcome,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { toConnectError } from "../../src/api/errors.ts";
import { createGate } from "../../src/auth/gate.ts";
import { createPermissionTable } from "../../src/auth/permission-table.ts";
import { LockoutError } from "../../src/lockout/errors/errors.ts";
import { createHttpServer } from "../../src/http/http-server.ts";
import { recordFields } from "../../src/http/request/record.ts";
import { createLogger, createRecordLog } from "../../src/telemetry/log.ts";
import { userCount } from "../attempts/drivers/driver.ts";

const { values } = parseArgs({
  options: {
    database: { type: "string", default: "" },
    "default-max-password-attempts": { type: "string", default: "0" },
    "pool-size": { type: "string", default: "20" },
  },
  strict: false,
  allowPositionals: true,
});

const schema = `
CREATE TABLE limits (max_password_attempts integer NOT NULL);
CREATE TABLE users (
  id text PRIMARY KEY, failed integer NOT NULL, open integer NOT NULL, sequence integer NOT NULL, locked_at timestamptz
);
CREATE TABLE attempts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id text NOT NULL,
  expire_time timestamptz NOT NULL, outcome text
);
CREATE TABLE events (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id text NOT NULL, sequence integer NOT NULL,
  type text NOT NULL, editor text NOT NULL, created timestamptz NOT NULL DEFAULT now(), UNIQUE (user_id, sequence)
);
INSERT INTO limits VALUES (${Number(values["default-max-password-attempts"])});
INSERT INTO users SELECT '3' || lpad(n::text, 17, '0'), 0, 0, 0 FROM generate_series(0, ${userCount - 1}) AS n;
ANALYZE`;

// Who waited for the user's row sees it as it is then: so no more are open at once than the limit allows.
const begin = `
WITH taken AS (
  UPDATE users SET open = open + 1 FROM limits AS l
  WHERE users.id = $1 AND locked_at IS NULL
    AND (l.max_password_attempts = 0 OR open < greatest(l.max_password_attempts - failed, 1))
  RETURNING users.id, failed, open, l.max_password_attempts AS "limit"
), opened AS (
  INSERT INTO attempts (user_id, expire_time) SELECT id, now() + interval '60 s' FROM taken RETURNING id, expire_time
)
SELECT opened.id, opened.expire_time, failed, open, "limit" FROM taken, opened`;

const complete = `
WITH closed AS (
  UPDATE attempts SET outcome = $2 WHERE id = $1 AND outcome IS NULL AND expire_time > now() RETURNING user_id
), counted AS (
  UPDATE users SET open = open - 1, sequence = sequence + 1,
    failed = CASE WHEN $2 = 'succeeded' THEN 0 ELSE failed + 1 END,
    locked_at = CASE WHEN $2 = 'failed' AND l.max_password_attempts > 0 AND failed + 1 >= l.max_password_attempts
      THEN now() END
  FROM closed, limits AS l WHERE users.id = closed.user_id
  RETURNING users.id, sequence, failed, locked_at, l.max_password_attempts AS "limit"
), appended AS (
  INSERT INTO events (user_id, sequence, type, editor)
  SELECT id, sequence, 'user.human.password.check.' || $2, $3 FROM counted
)
SELECT failed, locked_at IS NOT NULL AS locked, "limit" FROM counted`;

const pool = new pg.Pool({
  connectionString: String(values.database),
  max: Number(values["pool-size"]),
});
await pool.query(schema);

async function ask<Row extends pg.QueryResultRow>(
  name: string,
  text: string,
  parameters: readonly string[],
): Promise<Row | undefined> {
  const { rows } = await pool.query<Row>({
    name,
    text,
    values: [...parameters],
  });
  return rows[0];
}

interface Begun {
  readonly id: string;
  readonly expire_time: Date;
  readonly failed: number;
  readonly open: number;
  readonly limit: number;
}

interface Completed {
  readonly failed: number;
  readonly locked: boolean;
  readonly limit: number;
}

const spec = createServiceImplSpec<typeof AttemptService>(AttemptService, {
  beginAttempt: async ({ subject }) => {
    const userId = subject.case === "userId" ? subject.value : "";
    const row = await ask<Begun>("begin", begin, [userId]);
    // Whether locked or busy, a second statement would say; the benchmark has neither.
    if (row === undefined) {
      return { decision: Decision.LOCKED };
    }
    return {
      decision: Decision.PROCEED,
      attemptId: row.id,
      expireTime: timestampFromMs(row.expire_time.getTime()),
      limit: row.limit,
      failedAttempts: row.failed,
      openAttempts: row.open,
    };
  },
  completeAttempt: async ({ attemptId, outcome }) => {
    const name = outcome === Outcome.SUCCEEDED ? "succeeded" : "failed";
    const row = await ask<Completed>("complete", complete, [
      ...[attemptId, name, token.id],
    ]);
    return {
      accepted: row !== undefined && name === "succeeded",
      locked: row?.locked ?? false,
      failedAttempts: row?.failed ?? 0,
      limit: row?.limit ?? 0,
    };
  },
});

// It has one token, which it was given, and asks nobody whether that is revoked.
const token = {
  ...{ id: "300000000000000000", orgId: "300000000000000001" },
  ...{ name: "bench", roles: ["IAM_OWNER"] },
  ...{ expirationDate: undefined, accessToken: undefined, stored: undefined },
};
const secret = process.env["LOCKOUTD_ADMIN_TOKEN"] ?? "";
const reportFault = (fault: unknown) => {
  process.stderr.write(`${String(fault)}\n`);
};
const gate = createGate(
  {
    noteTokenUse: async () => undefined,
    orgExists: () => true,
    now: Date.now,
  },
  createPermissionTable([AttemptService], new Set()),
  (header) => {
    if (header !== `Bearer ${secret}`) {
      throw new LockoutError("tokenInvalid");
    }
    return token;
  },
);
const server = createHttpServer({
  services: [spec],
  handlerOptions: { requestGate: gate },
  mapError: (error) => toConnectError(error, reportFault),
  onRequestEnd: createRecordLog(
    createLogger({ level: "warn" }),
    "request",
    recordFields,
  ),
  onFault: reportFault,
});
const { host, port } = await server.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`it listens on http://${host}:${port}, for benchmarks\n`);
