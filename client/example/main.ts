import { randomBytes } from "node:crypto";
import { createLockoutClient } from "../src/index.ts";
import { createApp } from "./app.ts";
import { hashPassword } from "./passwords.ts";
import { createUsers } from "./users.ts";

const { env } = process;
const client = createLockoutClient({
  url: env["LOCKOUTD_URL"] ?? "http://127.0.0.1:8080",
  token: env["LOCKOUTD_TOKEN"] ?? "",
});
const password = env["PASSWORD"] ?? randomBytes(9).toString("base64url");
const app = createApp({
  client,
  users: createUsers([
    { id: "1001", name: "alice", passwordHash: await hashPassword(password) },
  ]),
  nobodysHash: await hashPassword(randomBytes(32).toString("base64url")),
  digestKey: randomBytes(32),
  secureCookies: env["INSECURE_COOKIES"] === undefined,
  shortestLoginMs: 500,
  log: true,
});

const url = await app.listen({
  host: "127.0.0.1",
  port: Number(env["PORT"] ?? 3000),
});
console.log(`Sign in at ${url}/login as alice with the password ${password}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void app.close().then(() => {
      client.close();
    });
  });
}
