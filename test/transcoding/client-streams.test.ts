import { describe, expect, it } from "vitest";
import { call, transcoderOf } from "./in-memory.ts";

describe("client streams", () => {
  const rules = {
    Collect: {
      input: "Message",
      post: "/c/{name}",
      body: "*",
      stream: "client",
    },
    Upload: {
      input: "UploadRequest",
      post: "/u/{filename}",
      body: "file",
      stream: "client",
    },
  } as const;

  it("give each line to the method as it comes, however it is cut", async () => {
    const seen: string[] = [];
    const transcoder = transcoderOf(rules, {
      async Collect(requests: AsyncIterable<{ text: string; name: string }>) {
        for await (const { text, name } of requests) {
          seen.push(`${name}:${text}`);
        }
        return {};
      },
    });
    const bytes = Buffer.from('{"text":"é"}\n{"text":"b"}\r\n\n{"text":"c"}');
    for (const size of [1, 3, bytes.length]) {
      seen.length = 0;
      const answer = await call(transcoder, "POST /c/n", {
        body: (async function* () {
          for (let at = 0; at < bytes.length; at += size) {
            yield bytes.subarray(at, at + size);
          }
        })(),
      });
      expect(answer.status).toBe(200);
      expect(seen).toEqual(["n:é", "n:b", "n:c"]);
    }
  });

  it("give each chunk of an upload", async () => {
    const seen: string[] = [];
    const transcoder = transcoderOf(
      rules,
      {
        async Upload(
          requests: AsyncIterable<{
            filename: string;
            file: { contentType: string; data: Uint8Array };
          }>,
        ) {
          for await (const { filename, file } of requests) {
            seen.push(
              `${filename} ${file.contentType} ${Buffer.from(file.data).toString()}`,
            );
          }
          return {};
        },
      },
      { readMaxBytes: 4 },
    );
    const header = { "content-type": "text/plain" };
    await call(transcoder, "POST /u/f", {
      header,
      body: (async function* () {
        yield Buffer.from("abcdef");
        yield Buffer.from("g");
      })(),
    });
    await call(transcoder, "POST /u/f", { header });
    expect(seen).toEqual([
      "f text/plain abcd",
      "f text/plain ef",
      "f text/plain g",
      "f text/plain ",
    ]);
  });
});
