import { expect, test } from "vitest";
import { readJwt } from "../../src/auth/jwt.ts";

const encode = (text: string | Buffer) =>
  Buffer.from(text).toString("base64url");
const read = (claims: string | Buffer, header = "{}") =>
  readJwt(`${encode(header)}.${encode(claims)}.x`)?.claims;

test("texts of a JWT are well-formed, wherever they stand: bytes that are no UTF-8 and half surrogate pairs are refused", () => {
  const halves = String.raw`\ud800 \uDFFF \ude00\ud83d`.split(" ");
  for (const half of halves) {
    const text = `"a${half}"`;
    for (const claims of [
      `{"sub":${text}}`,
      `{${text}:1}`,
      `{"roles":{"ORG_OWNER":{${text}:"x"}}}`,
      `{"aud":["a",{"b":[${text}]}]}`,
    ]) {
      expect(read(claims), claims).toBeUndefined();
      expect(read("{}", claims), claims).toBeUndefined();
    }
  }
  const latin1 = Buffer.from('{"sub":"Zoë"}', "latin1");
  expect(read(latin1)).toBeUndefined();
  expect(read(Buffer.from('{"sub":"Zoë"}'))).toEqual({ sub: "Zoë" });
  expect(read(String.raw`{"sub":"\ud83d\uDE00 \ufffd","😀":1}`)).toEqual({
    ...{ sub: "😀 \ufffd", "😀": 1 },
  });
  expect(read(String.raw`{"sub":"C:\\ud800"}`)).toEqual({
    sub: String.raw`C:\ud800`,
  });
});
