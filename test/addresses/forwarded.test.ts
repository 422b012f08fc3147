import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forwardedAddress } from "../../src/addresses/forwarded.ts";
import { readNetworks } from "../../src/addresses/networks.ts";

const trusted = readNetworks(["10.0.0.0/8"]);
const proxy = "10.0.0.1";

const byForwardedFor = (forwardedFor: string, peer = proxy) =>
  forwardedAddress(peer, { forwarded: undefined, forwardedFor }, trusted);
const byForwarded = (forwarded: string, peer = proxy) =>
  forwardedAddress(peer, { forwarded, forwardedFor: undefined }, trusted);

describe("X-Forwarded-For", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["192.0.2.66, 203.0.113.7", "203.0.113.7"],
    ["192.0.2.66, 203.0.113.7, 10.0.0.3, 10.0.0.2", "203.0.113.7"],
    ["203.0.113.7:51008", "203.0.113.7"],
    ["[2001:DB8::1]:443 ,", "2001:db8::1"],
    ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["192.0.2.66, unknown, 10.0.0.2", "10.0.0.2"],
    ["unknown", proxy],
    ["", proxy],
    [", ,", proxy],
  ])("%j is of %s", (list, address) => {
    expect(byForwardedFor(list)).toBe(address);
  });

  it("of one that is not trusted says nothing", () => {
    expect(byForwardedFor("203.0.113.7", "198.51.100.1")).toBe("198.51.100.1");
  });
});

describe("Forwarded", () => {
  it.each([
    ["for=203.0.113.7", "203.0.113.7"],
    ["For=203.0.113.7;proto=https;by=10.0.0.1", "203.0.113.7"],
    ['by=10.0.0.1; host="a, for=192.0.2.66" ;for=203.0.113.7', "203.0.113.7"],
    ['host="a\\";for=192.0.2.66,\\"";for=203.0.113.7', "203.0.113.7"],
    ['for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ["for=192.0.2.66, for=203.0.113.7, for=10.0.0.2", "203.0.113.7"],
    ['for=192.0.2.66;x=", for=203.0.113.7', "203.0.113.7"],
    ['for=192.0.2.66;x=\\", for="203.0.113.7:80"', "203.0.113.7"],
    ["for=unknown", proxy],
    ["for=_hidden, for=10.0.0.2", "10.0.0.2"],
    ["proto=https", proxy],
    ["for=203.0.113.7;for=192.0.2.66", proxy],
    ["for 203.0.113.7", proxy],
  ])("%s is of %s", (list, address) => {
    expect(byForwarded(list)).toBe(address);
  });
});

describe("both", () => {
  const byBoth = (forwarded: string, forwardedFor: string) =>
    forwardedAddress(proxy, { forwarded, forwardedFor }, trusted);

  it("are believed where they agree", () => {
    expect(byBoth("for=203.0.113.7", "192.0.2.66, 203.0.113.7")).toBe(
      "203.0.113.7",
    );
  });

  it("are not believed where one may be the client's", () => {
    expect(byBoth("for=192.0.2.66", "203.0.113.7")).toBe(proxy);
    expect(byBoth("for=203.0.113.7", "192.0.2.66")).toBe(proxy);
    expect(byBoth("for=203.0.113.7", "unknown")).toBe(proxy);
  });
});

it("whatever a client writes is to the left of what a proxy adds, and changes nothing", () => {
  const written = fc.oneof(
    fc.string({ unit: "binary-ascii" }),
    fc
      .array(
        fc.constantFrom(
          ...["for=", '"', "\\", ",", ";", "=", " "],
          ...["192.0.2.66", "10.0.0.2", "[::1]", "x"],
        ),
      )
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(written, (text) => {
      expect(byForwardedFor(`${text}, 203.0.113.7`)).toBe("203.0.113.7");
      expect(byForwarded(`${text}, for=203.0.113.7`)).toBe("203.0.113.7");
      expect(byForwarded(`${text},for="[2001:db8::1]:80";by=x`)).toBe(
        "2001:db8::1",
      );
    }),
    { numRuns: 2000 },
  );
});

it("a header is read in a time that grows as it does: one of 1 MiB is read at all", () => {
  for (const part of ["10.0.0.2,", '"', '\\"', ",", "for=10.0.0.2,"]) {
    // By the square of its length it would take minutes.
    const list = part.repeat(2 ** 20 / part.length);
    byForwardedFor(list);
    byForwarded(list);
  }
});
