import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clone, create, toBinary } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { afterAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { filesOf, type VectorRule } from "./vectors.ts";

const folder = mkdtempSync(join(tmpdir(), "echo-server-"));
const script = new URL("echo-server.ts", import.meta.url).pathname;
const running: ChildProcess[] = [];

afterAll(() => {
  for (const child of running) {
    child.kill("SIGKILL");
  }
  rmSync(folder, { recursive: true });
});

function descriptorSet(
  name: string,
  rules: Readonly<Record<string, VectorRule>>,
  change: (files: FileDescriptorProto[]) => FileDescriptorProto[] = (files) =>
    files,
): string {
  const path = join(folder, name);
  // In an order that no compiler would write.
  const set = create(FileDescriptorSetSchema, {
    file: change(filesOf(rules)).toReversed(),
  });
  writeFileSync(path, toBinary(FileDescriptorSetSchema, set));
  return path;
}

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    async ended() {
      const [code] = (await once(child, "close")) as [number | null];
      return code;
    },
    async ready() {
      while (!stdout.includes("\n")) {
        await once(child.stdout, "data");
      }
    },
  };
}

describe("the echo server's command line", () => {
  it("prints ready, serves with the options it is given, and ends on SIGTERM", async () => {
    const set = descriptorSet("good.binpb", {
      Post: { input: "Book", post: "/v1/books", body: "*" },
      Bidi: { input: "Book", post: "/v1/bidi", body: "*", stream: "bidi" },
    });
    const port = await freePort();
    const server = start(
      ...["--descriptor-set", set, "--listen", `127.0.0.1:${port}`],
      ...["--option", "ignore-unknown-fields=true"],
      ...["--option", "protoNames=true"],
    );
    await server.ready();
    expect(server.stdout()).toBe("ready\n");
    const response = await fetch(`http://127.0.0.1:${port}/v1/books`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"pageCount":1,"unknown":true}',
    });
    expect(response.headers.get("x-rpc")).toBe(
      "transcoding.test.v1.Vectors/Post",
    );
    expect(await response.text()).toBe('{"page_count":1}');
    expect(server.stderr().trim().split("\n")).toEqual([
      expect.stringContaining("transcoding.test.v1.Vectors/Bidi"),
    ]);
    server.child.kill("SIGTERM");
    expect(await server.ended()).toBe(0);
  });

  it.each([
    ["a template", { input: "Book", get: "/v1/books/" }],
    [
      "a response_body that is not used",
      { input: "Book", output: "Message", get: "/v1/b", responseBody: "none" },
    ],
  ])(
    "ends with 3 and one line that names the method: %s",
    async (_kind, bad) => {
      const set = descriptorSet("bad.binpb", {
        Good: { input: "Book", get: "/v1/books" },
        Bad: bad,
      });
      const server = start("--descriptor-set", set, "--listen", "127.0.0.1:0");
      expect(await server.ended()).toBe(3);
      expect(server.stdout()).toBe("");
      expect(server.stderr()).toMatch(
        /^transcoding\.test\.v1\.Vectors\/Bad: .*\n$/,
      );
    },
  );

  it("does without imports that are there for options only", async () => {
    const set = descriptorSet(
      "options.binpb",
      { Post: { input: "Book", post: "/v1/books", body: "*" } },
      (files) =>
        files.map((file) =>
          Object.assign(clone(FileDescriptorProtoSchema, file), {
            dependency: ["elsewhere/options.proto", ...file.dependency],
          }),
        ),
    );
    const port = await freePort();
    const server = start(
      ...["--descriptor-set", set, "--listen", `127.0.0.1:${port}`],
    );
    await server.ready();
    const response = await fetch(`http://127.0.0.1:${port}/v1/books`, {
      method: "POST",
      body: Buffer.from('{"title":"Momo"}'),
    });
    expect(await response.json()).toEqual({ title: "Momo" });
  });

  it("ends with 2 and names an import whose types are needed", async () => {
    const set = descriptorSet(
      "missing.binpb",
      { Get: { input: "Book", get: "/v1/books" } },
      (files) =>
        files.filter(
          ({ name }) => name !== "transcoding/test/v1/messages.proto",
        ),
    );
    const server = start("--descriptor-set", set, "--listen", "127.0.0.1:0");
    expect(await server.ended()).toBe(2);
    expect(server.stderr()).toContain(
      "imports transcoding/test/v1/messages.proto, which is missing",
    );
  });

  it.concurrent.each([
    [["--listen", "127.0.0.1:0"]],
    [["--descriptor-set", "/nowhere", "--listen", "127.0.0.1:0"]],
    [["--descriptor-set", script, "--listen", "127.0.0.1:0"]],
    [
      [
        "--descriptor-set",
        script,
        "--listen",
        "127.0.0.1:0",
        "--option",
        "x=y",
      ],
    ],
    [
      [
        "--descriptor-set",
        script,
        "--listen",
        "127.0.0.1:0",
        "--option",
        "defaults=maybe",
      ],
    ],
    [["--no-such-flag"]],
  ])("ends with 2 for %j", async (args) => {
    const server = start(...args);
    expect(await server.ended()).toBe(2);
    expect(server.stderr().trim().split("\n")).toHaveLength(1);
  });
});
