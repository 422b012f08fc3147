import { expect, it } from "vitest";
import { call, transcoderOf } from "./in-memory.ts";

// Each of these once took, or in an obvious way of writing it takes, longer than any test may run.
const transcoder = transcoderOf({
  Post: { input: "Kinds", post: "/kinds", body: "*" },
  Get: { input: "Kinds", get: "/kinds" },
});
const many = 1 << 20;

it.each([
  ["a number of zeros", `{"int64Value":1${"0".repeat(many)}1}`],
  ["a fraction of zeros", `{"int64Value":1.${"0".repeat(many)}1}`],
  ["a huge exponent", '{"int64Value":1e999999999999}'],
  ["open arrays", "[".repeat(many)],
  ["open objects", '{"child":'.repeat(many / 8)],
  ["escapes", `{"nothing":"${"\\n".repeat(many)}"}`],
  ["blanks", " ".repeat(many)],
  ["quotes", '"'.repeat(many)],
  ["a mask", `{"fieldMask":"${"a.".repeat(many)}"}`],
  ["base64", `{"bytesValue":"${"A".repeat(many)}="}`],
])("refuses a body of %s", async (_name, body) => {
  expect((await call(transcoder, "POST /kinds", { body })).status).toBe(400);
});

it.each([
  ["content-type", `a/b${";  ".repeat(2000)}@`, 415],
  ["content-type", `a/b;x="${'\\"'.repeat(4000)}`, 415],
  ["accept", `a/b;x="${'\\"'.repeat(4000)}`, 406],
  ["accept", '"\\'.repeat(4000), 200],
  ["accept", `${"a/b;q=0.1, ".repeat(1000)}*/*;q=0.1`, 200],
  ["accept-encoding", `${"gzip;q=0, ".repeat(1000)}*`, 200],
  ["grpc-timeout", "9".repeat(8000), 400],
])("survives a hostile %s", async (name, value, status) => {
  const answer = await call(transcoder, "POST /kinds", {
    body: "{}",
    header: { [name]: value },
  });
  expect(answer.status).toBe(status);
});

it("survives a hostile query", async () => {
  for (const query of [
    "&".repeat(8000),
    "child.".repeat(1300),
    `int64Value=1${"0".repeat(8000)}1`,
    "%".repeat(8000),
  ]) {
    const answer = await call(transcoder, `GET /kinds?${query}`);
    expect(answer.status).toBe(query.startsWith("&") ? 200 : 400);
  }
});
