import { execFile } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import type { Windows } from "./windows.ts";

const run = promisify(execFile);
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Holds the write lock of a database as another process would; longer than a server waits, if it is told so. */
export async function lockDatabase(
  path: string,
  ms: number,
  windows: Windows,
): Promise<void> {
  const database = new Database(path, { timeout: 2000 });
  const over = windows.open("locked");
  try {
    database.exec("BEGIN IMMEDIATE");
    await delay(ms);
    database.exec("ROLLBACK");
  } finally {
    over();
    database.close();
  }
}

const request = (token: string, length: number) =>
  "PUT /admin/v1/policies/password/lockout HTTP/1.1\r\nHost: soak\r\n" +
  `Authorization: Bearer ${token}\r\nContent-Length: ${length}\r\n\r\n{`;

/** Cuts connections in the middle of a request. */
export async function cutConnections(
  port: number,
  token: string,
): Promise<void> {
  const cuts = Array.from({ length: 20 }, async () => {
    const socket = connect(port, "127.0.0.1").on("error", () => undefined);
    const closed = new Promise<void>((resolve) => socket.on("close", resolve));
    socket.write(request(token, 100), () => {
      socket.resetAndDestroy();
    });
    await closed;
  });
  await Promise.all(cuts);
}

/** Asks for a lot, and reads nothing of it for a while. */
export async function readSlowly(port: number, token: string): Promise<void> {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  socket.pause();
  const ask =
    "POST /admin/v1/events/_search HTTP/1.1\r\nHost: soak\r\n" +
    `Authorization: Bearer ${token}\r\nContent-Length: 2\r\n\r\n{}`;
  socket.write(ask.repeat(20));
  await delay(2000);
  socket.destroy();
}

/** Creates and revokes a token at the database, while it is served; says what was wrong. */
export async function useToken(
  database: string,
  url: string,
): Promise<string | undefined> {
  const tool = (...args: readonly string[]) =>
    run(process.execPath, [main, "token", ...args, "-d", `sqlite:${database}`]);
  const { stdout } = await tool(
    ...["create", "--role", "IAM_OWNER", "--output", "json"],
  );
  const created = JSON.parse(stdout) as Record<string, string>;
  const { secret = "", id = "" } = created;
  const statusOf = async () => {
    const headers = { authorization: `Bearer ${secret}` };
    const answer = await fetch(`${url}/admin/v1/policies/lockout`, { headers });
    await answer.text();
    return answer.status;
  };
  const before = await statusOf();
  await tool("revoke", id);
  const after = await statusOf();
  return before === 200 && after === 401
    ? undefined
    : `a token answered ${before} before it was revoked, ${after} after`;
}
