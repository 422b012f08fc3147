import { expect, test } from "vitest";
import { createLogger, createRecordLog } from "../../src/telemetry/log.ts";
import type { LogOptions } from "../../src/telemetry/log.ts";

function record(options: Omit<LogOptions, "write">) {
  const lines: string[] = [];
  const log = createLogger({ ...options, write: (line) => lines.push(line) });
  return { log, lines };
}

const fieldsOf = (record: object) => JSON.stringify(record).slice(1, -1);

test("JSON: one object a line, with time, level by name, and no process", () => {
  const { log, lines } = record({ level: "info", format: "json" });
  log.debug("too much");
  log.info({ status: 200 }, "request");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    status: 200,
    msg: "request",
  });
});

test("lines of known fields are those that the logger would write", () => {
  const fields = { status: 200, rpc: undefined, durationMs: 0.125 };
  const paths = ["/a b", '/"\\', "/a\nFAKE \u001b[31mline", "/é\u2028"];
  for (const format of ["json", "text"] as const) {
    const { log, lines } = record({ level: "info", format });
    const tell = createRecordLog(log, "request", fieldsOf);
    for (const path of paths) {
      log.info({ path, ...fields }, "request");
    }
    for (const path of paths) {
      tell({ path, ...fields });
    }
    const withoutTime = lines.map((line) =>
      line.replace(/"time":"[^"]+"|^[\d:.]{12}/, ""),
    );
    expect(withoutTime.slice(paths.length)).toEqual(
      withoutTime.slice(0, paths.length),
    );
  }
});

test("lines of known fields keep to the level, also when it is changed", () => {
  const { log, lines } = record({ level: "warn", format: "json" });
  const tell = createRecordLog(log, "request", fieldsOf);
  tell({ status: 200 });
  expect(lines).toEqual([]);
  log.level = "info";
  tell({ status: 200 });
  expect(lines).toEqual([
    expect.stringMatching(
      /^\{"level":"info","time":"\d{4}-\d\d-\d\dT[\d:.]+Z","status":200,"msg":"request"\}\n$/,
    ),
  ]);
});

test("text: a line for people", () => {
  const { log, lines } = record({ level: "info", format: "text" });
  log.info(
    { path: "/a", agent: "curl 8", rpc: undefined, quote: '"', n: 1.5 },
    "request",
  );
  expect(lines).toEqual([
    expect.stringMatching(
      /^[\d:.]{12} INFO {2}request path=\/a agent="curl 8" quote="\\"" n=1\.5\n$/,
    ),
  ]);
});

test("text: a line is one line, whatever a client sent", () => {
  const { log, lines } = record({ level: "info", format: "text" });
  log.info({ path: "/a\nFAKE \u001b[31mline" }, "request");
  expect(lines).toHaveLength(1);
  const text = lines[0] ?? "";
  expect(text.indexOf("\n")).toBe(text.length - 1);
  expect(text).not.toContain("\u001b");
});

test("an error comes with its stack", () => {
  const { log, lines } = record({ level: "info", format: "text" });
  log.error(new Error("the disk is full"));
  expect(lines[0]).toMatch(
    /ERROR the disk is full\n {2}Error: the disk is full\n {6}at /,
  );
});

test("tokens are never written", () => {
  for (const format of ["json", "text"] as const) {
    const { log, lines } = record({ level: "info", format });
    log.info({ authorization: "Bearer secret", token: "secret" }, "a");
    log.info({ headers: { authorization: "Bearer secret" } }, "b");
    log.info({ request: { headers: { authorization: "Bearer secret" } } }, "c");
    expect(lines).toHaveLength(3);
    expect(lines.join("")).not.toContain("secret");
    expect(lines.join("")).toContain("redacted");
  }
});

test("a level may be silent", () => {
  const { log, lines } = record({ level: "silent", format: "json" });
  log.fatal("nothing");
  expect(lines).toEqual([]);
});

test("nothing in a line steers a terminal, in either format", () => {
  const path = "/\u009b31m\u202e\u2028\u{e0001}";
  for (const format of ["json", "text"] as const) {
    const { log, lines } = record({ level: "info", format });
    const tell = createRecordLog(log, "request", fieldsOf);
    tell({ path });
    log.info({ path }, path);
    log.error(new Error(`no ${path}\n10:00:00.000 INFO  request status=200`));
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/u);
    }
    if (format === "json") {
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ path });
    } else {
      expect(lines[2]).toMatch(/\n {2}10:00:00\.000 INFO/);
    }
  }
});
