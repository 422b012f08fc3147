import { expect, test } from "vitest";
import { RequestHeaders } from "../../src/http/rpc/unary/request-headers.ts";
import { webHeaders } from "../../src/http/rpc/http-request.ts";

const raw = [
  ...["Authorization", "Bearer a"],
  ...["x-twice", "1"],
  ...["X-Twice", " 2\t"],
  ...["x-empty", ""],
  ...["x-blank", "\u00a0a\u00a0"],
  ...["grpc-timeout", "99999999H"],
];
const names = [
  ...["authorization", "AUTHORIZATION", "x-twice", "x-empty", "x-blank"],
  ...["grpc-timeout", "Grpc-Timeout", "x-none"],
];

test("single values are those of web Headers, before and after all are made", () => {
  const web = webHeaders(raw);
  const headers = new RequestHeaders(raw);
  for (const name of names) {
    expect(headers.get(name)).toBe(web.get(name));
  }
  expect([...headers]).toEqual([...web]);
  for (const name of names) {
    expect(headers.get(name)).toBe(web.get(name));
    expect(headers.has(name)).toBe(web.has(name));
  }
  expect(new Headers([...headers]).get("x-twice")).toBe("1, 2");
});

test("what is changed is seen", () => {
  const headers = new RequestHeaders(raw);
  expect(headers.get("authorization")).toBe("Bearer a");
  headers.set("authorization", "b");
  headers.append("x-new", "1");
  headers.delete("x-twice");
  expect(headers.get("authorization")).toBe("b");
  expect(headers.get("x-new")).toBe("1");
  expect(headers.get("x-twice")).toBeNull();
});

test("a name that is none is refused as web Headers refuse it", () => {
  const headers = new RequestHeaders(raw);
  expect(() => headers.get("a b")).toThrow(TypeError);
});
