import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Attack } from "../attack.ts";
import { headerBlock } from "../../http/raw-http2.ts";
import { request, openRead } from "../wire/http1.ts";
import { openHttp2, streamFrames } from "../wire/http2.ts";

/** Bytes and characters that a terminal, or who reads a log, may take for something else. */
const signs = [
  Buffer.of(0x9b),
  Buffer.of(0x1b, 0x5b),
  Buffer.of(0x07),
  Buffer.of(0x08),
  Buffer.of(0x7f),
  Buffer.from("\u009b\u0085\u2028\u202e\u2066"),
];

/** Control characters but the end of a line, ends of lines of Unicode, and what turns the direction of writing. */
const hidden =
  /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

export const terminalSigns: Attack = {
  name: "terminal-signs",
  what: "Paths and fields with control characters, as bytes and as UTF-8, while the log goes to a terminal: none may get there.",
  needs: { terminal: true, flags: ["--log-level", "debug"] },
  run: async (target, tally) => {
    const connection = await openHttp2(target, tally);
    const fields = ["user-agent", "x-request-id", "x-forwarded-for", "host"];
    for (const sign of signs) {
      const text = Buffer.concat([Buffer.from("sign-"), sign]);
      const path = Buffer.concat([Buffer.from("/"), text]);
      // Each alone: one that is refused shall not keep the others from the log.
      connection.write(
        ...[
          ["", text] as const,
          ...fields.map((name) => [name, text] as const),
        ].map(([name, value]) =>
          streamFrames(
            connection.next(),
            headerBlock([
              [":method", "GET"],
              [":scheme", "http"],
              [":path", name === "" ? path : "/sign-"],
              [":authority", "localhost"],
              ...(name === "" ? [] : [[name, value] as const]),
            ]),
            undefined,
          ),
        ),
      );
      const requests = [
        request("GET", path.toString("latin1")),
        ...fields.map((name) =>
          request("GET", "/sign-", { [name]: text.toString("latin1") }),
        ),
      ];
      for (const one of requests) {
        const socket = await openRead(target, tally);
        // As Latin-1 it is again what it was.
        socket.write(one.toString(), "latin1");
      }
    }
    await delay(1000);
    const bytes = readFileSync(target.logFile);
    const text = bytes.toString();
    // The terminal ends lines with CR and LF.
    const found = hidden.exec(text.replaceAll("\r\n", "\n"))?.[0];
    const faults: string[] = [];
    if (!text.includes("sign-")) {
      faults.push("the log has no request");
    }
    if (!Buffer.from(text).equals(bytes)) {
      faults.push("the log is no UTF-8");
    }
    if (found !== undefined) {
      faults.push(`the log has U+${found.charCodeAt(0).toString(16)}`);
    }
    return faults;
  },
};
