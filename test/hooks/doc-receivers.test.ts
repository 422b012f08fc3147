import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { makeTempDir } from "../support/temp-dir.ts";
import { newHookSecret } from "../../src/hooks/secrets.ts";
import { signatureHeaders } from "../../src/hooks/signature.ts";

// The receivers of docs/hooks.md, run as they stand there.

const page = await readFile(
  fileURLToPath(new URL("../../docs/hooks.md", import.meta.url)),
  "utf8",
);
const receivers = [
  ...page.matchAll(/<!-- receiver: (\w+) -->\n\n```\w+\n(.*?)```/gs),
].map(([, language = "", code = ""], index) => ({
  title: `${index + 1}, in ${language}`,
  ...{ language, code },
}));

const body = JSON.stringify({
  ...{ type: "user.locked", timestamp: new Date().toISOString() },
  data: { userId: "ann", reason: "LOCK_REASON_PASSWORD_ATTEMPTS" },
});

it("there are three", () => {
  expect(receivers).toHaveLength(3);
});

it.each(receivers)(
  "receiver $title takes what is signed, and nothing else",
  async ({ language, code }) => {
    const directory = await makeTempDir();
    const sent = directory.file("sent");
    const sendmail = directory.file("sendmail");
    await writeFile(sendmail, `#!/bin/sh\nexec cat >> "${sent}"\n`);
    await chmod(sendmail, 0o755);
    await symlink(
      fileURLToPath(new URL("../../node_modules", import.meta.url)),
      directory.file("node_modules"),
    );
    let ticket = "";
    const tickets = createServer((request, response) => {
      request.on("data", (chunk: Buffer) => {
        ticket += chunk.toString();
      });
      request.on("end", () => response.writeHead(201).end());
    }).listen(0, "127.0.0.1");
    await once(tickets, "listening");
    const address = tickets.address();
    const ticketPort = typeof address === "object" ? address?.port : 0;

    const file = directory.file(language === "node" ? "r.mjs" : "r.py");
    await writeFile(file, code);
    const secret = newHookSecret();
    const port = await freePort();
    const program = language === "node" ? process.execPath : "python3";
    const child = spawn(program, [file], {
      env: {
        ...process.env,
        PATH: `${directory.file(".")}:${process.env["PATH"] ?? ""}`,
        ...{ HOOK_SECRET: secret, PORT: String(port), TICKET_TOKEN: "t" },
        TICKET_URL: `http://127.0.0.1:${ticketPort}/`,
      },
      stdio: "ignore",
    });
    const post = async (by: string, seconds: number) => {
      const { status } = await fetch(`http://127.0.0.1:${port}/`, {
        ...{ method: "POST", body },
        headers: signatureHeaders([by], "1_2_3", seconds, body),
      });
      return status;
    };
    const now = () => Math.floor(Date.now() / 1000);
    const first = async (): Promise<number> => {
      try {
        return await post(secret, now());
      } catch {
        // It does not listen yet.
        await delay(50);
        return first();
      }
    };
    expect(await first()).toBe(204);
    expect(await post(newHookSecret(), now())).toBe(400);
    expect(await post(secret, now() - 600)).toBe(400);
    const mail = await readFile(sent, "utf8").catch(() => "");
    expect(mail + ticket).toContain("user.locked");
    expect(mail + ticket).toContain("ann");

    // What it hands on to fails: the event is to come again.
    await writeFile(sendmail, "#!/bin/sh\nexit 1\n");
    tickets.close();
    tickets.closeAllConnections();
    expect(await post(secret, now())).toBe(503);
    child.kill();
    await directory.remove();
  },
);
