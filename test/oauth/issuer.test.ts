import { expect, test } from "vitest";
import { createIssuer } from "../../src/oauth/issuer.ts";
import type { IssuerOptions } from "../../src/oauth/issuer.ts";

function make(options: Partial<IssuerOptions> = {}) {
  const foreign: string[] = [];
  const issuer = createIssuer({
    ...{ scheme: "http", hosts: undefined, url: undefined, ...options },
    onForeignHost: (host) => foreign.push(host),
  });
  return { issuer, foreign };
}

test("the issuer is the host as the client wrote it, where that is the server's", () => {
  const { issuer, foreign } = make();
  issuer.listen({ host: "0.0.0.0", port: 8080 });
  expect(issuer.of("localhost:8080")).toBe("http://localhost:8080");
  expect(issuer.of("LocalHost:8080")).toBe("http://LocalHost:8080");
  expect(issuer.of("127.0.0.1:8080")).toBe("http://127.0.0.1:8080");
  expect(foreign).toEqual([]);
  expect(issuer.of("0.0.0.0:8080")).toBe("http://localhost:8080");
  expect(issuer.of("evil.example")).toBe("http://localhost:8080");
  expect(issuer.of("evil.example")).toBe("http://localhost:8080");
  expect(issuer.of(undefined)).toBe("http://localhost:8080");
  expect(foreign).toEqual(["0.0.0.0:8080", "evil.example"]);
});

test("the port of the scheme may be left out", () => {
  const { issuer, foreign } = make({
    scheme: "https",
    hosts: ["lockout.example:443", "other.example"],
  });
  expect(issuer.of("lockout.example")).toBe("https://lockout.example");
  expect(issuer.of("lockout.example:443")).toBe("https://lockout.example:443");
  expect(issuer.of("other.example:443")).toBe("https://other.example:443");
  expect(issuer.of("other.example:80")).toBe("https://lockout.example:443");
  expect(foreign).toEqual(["other.example:80"]);
});

test("a whole URL is the issuer of all, and foreign hosts are told of 32 times at most", () => {
  const url = "https://lockout.example";
  expect(make({ url }).issuer.of("localhost")).toBe(url);
  const { issuer, foreign } = make({ hosts: ["a"] });
  for (let count = 0; count < 100; count += 1) {
    issuer.of(`host-${count}`);
  }
  expect(foreign).toHaveLength(32);
});
