import { describe, expect, test } from "vitest";
import {
  isAuthority,
  isSameAuthority,
} from "../../src/http/request/authority.ts";

describe("is an authority", () => {
  test.each([
    "a",
    "a:80",
    "a:",
    ":5000",
    "127.0.0.1:8080",
    "[::1]",
    "[::1]:443",
    "[fe80::1%25eth0]:80",
    "[v1.fe80::a+en1]",
    "xn--bcher-kva.example",
    "_dns.service-1~x",
    // What clients of gRPC send for targets of several addresses, sockets and resolvers of their own.
    "127.0.0.1:5000,127.0.0.1:5001",
    "127.0.0.1:5000%2C127.0.0.1:5001",
    "[::1]:5000,[::2]:5001",
    "%2Ftmp%2Flockoutd.sock",
    "zone%2Fservice",
    "b%C3%BCcher",
  ])("%s", (authority) => {
    expect(isAuthority(authority)).toBe(true);
  });
});

describe("is no authority", () => {
  test.each([
    "",
    ":",
    "a b",
    " a",
    "[::",
    "::1",
    "a:b",
    "a:b:c",
    "a:1:2",
    "a:123456",
    "u@a",
    "a/b",
    "a?b",
    "a#b",
    "a\\b",
    "%00",
    "a%0d",
    "a%7F",
    "a%",
    "a%2",
    "a%zz",
    "[fe80::1%eth0]",
    "[::1]a",
    "a\u00fc",
    "a\n",
  ])("%j", (authority) => {
    expect(isAuthority(authority)).toBe(false);
  });

  test("however long it is", () => {
    expect(isAuthority(`${"a%2C".repeat(4000)} `)).toBe(false);
    expect(isAuthority(`${"a:1,".repeat(4000)} `)).toBe(false);
  });
});

test.each([
  ["a.example", "A.EXAMPLE", "http", true],
  ["a.example", "a.example:80", "http", true],
  ["a.example", "a.example:", "http", true],
  ["a.example", "a.example:443", "https", true],
  ["a.example", "a.example:443", "http", false],
  ["a.example:8080", "a.example", "http", false],
  ["[::1]:80", "[::1]", "http", true],
  ["a.example", "b.example", "http", false],
] as const)("%s and %s by %s: %s", (one, other, scheme, same) => {
  expect(isSameAuthority(one, other, scheme)).toBe(same);
  expect(isSameAuthority(other, one, scheme)).toBe(same);
});
