import { InvalidArgumentError } from "commander";
import { readNetworks } from "../../addresses/networks.ts";
import { maxTimerMs } from "../../config.ts";
import { maxRuleMs } from "../../lockout/policy/rules.ts";
import type { LockScope } from "../../lockout/policy/rules.ts";

// Each function reads what a person wrote into a flag or a variable, or throws InvalidArgumentError with what to
// write instead. Commander puts the name of the flag or the variable before it.

const maxUint32 = 2 ** 32 - 1;
// Sizes and counts end up in signed 32 bits.
const maxSize = 2 ** 31 - 1;
// The API's timestamps end with the year 9999.
const endOfTime = Date.UTC(10_000, 0, 1);
const maxNameLength = 200;

const unitMs = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const;

/** An address to listen on: `HOST:PORT`, an IPv6 host in brackets. @throws InvalidArgumentError */
export function parseListen(text: string): {
  readonly host: string;
  readonly port: number;
} {
  const [, v6, name, port] =
    /^(?:\[([0-9a-f:.%\w]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = v6 ?? name;
  if (host === undefined || Number(port) > 65_535) {
    throw new InvalidArgumentError(
      "Write HOST:PORT, such as 127.0.0.1:8080, [::1]:8080, or 0.0.0.0:8080 for every address of this machine.",
    );
  }
  return { host, port: Number(port) };
}

/** A time span in milliseconds: `500ms`, `10s`, `5m`, `2h`, `90d`. @throws InvalidArgumentError */
export function parseDuration(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) {
    throw new InvalidArgumentError(
      "Write a number with a unit: ms, s, m, h or d, such as 500ms, 10s or 90d.",
    );
  }
  return ms;
}

/** A time span that a timer can wait for. @throws InvalidArgumentError */
export function parseWait(text: string): number {
  const ms = parseDuration(text);
  if (ms > maxTimerMs) {
    throw new InvalidArgumentError("Write at most 24d.");
  }
  return ms;
}

/** A time span that a timer can wait for, and not none at all. @throws InvalidArgumentError */
export function parseTimeout(text: string): number {
  const ms = parseWait(text);
  if (ms < 1) {
    throw new InvalidArgumentError("Write at least 1ms.");
  }
  return ms;
}

/** How long events of attempts are kept, in milliseconds. @throws InvalidArgumentError, as all that follow */
export function parseRetention(text: string): number {
  const ms = parseDuration(text);
  // What was removed is gone: a span that short is a slip.
  if (ms < unitMs.h) {
    throw new InvalidArgumentError("Write at least 1h, such as 90d.");
  }
  return ms;
}

/** A time to come, in milliseconds since 1970: RFC 3339, the beginning of a day in UTC, or a time span from now. @throws InvalidArgumentError */
export function parseExpiry(text: string): number {
  const now = Date.now();
  const span = durationMs(text);
  const time = span === undefined ? dayOrTimeMs(text) : now + span;
  if (time === undefined) {
    throw new InvalidArgumentError(
      "Write a time span from now such as 90d or 12h, a day such as 2030-01-31 (UTC), or a time such as 2030-01-31T00:00:00Z.",
    );
  }
  if (time <= now) {
    throw new InvalidArgumentError("Write a time to come.");
  }
  if (time >= endOfTime) {
    throw new InvalidArgumentError(
      "Write a time before the year 10000, or leave it out for a token that does not expire.",
    );
  }
  return time;
}

/** A time in milliseconds since 1970: RFC 3339, the beginning of a day in UTC, or a time span back from now. @throws InvalidArgumentError */
export function parsePast(text: string): number {
  const span = durationMs(text);
  const time = span === undefined ? dayOrTimeMs(text) : Date.now() - span;
  if (time === undefined || time < 0 || time >= endOfTime) {
    throw new InvalidArgumentError(
      "Write a time such as 2030-01-31T00:00:00Z, a day such as 2030-01-31 (UTC), or a time span back from now such as 24h or 7d.",
    );
  }
  return time;
}

/** What a lock closes. @throws InvalidArgumentError */
export function parseLockScope(text: string): LockScope {
  if (text !== "user" && text !== "factor") {
    throw new InvalidArgumentError("Write user or factor.");
  }
  return text;
}

/** A number of attempts: what fits the API's 32 bits. @throws InvalidArgumentError */
export function parseAttempts(text: string): number {
  const value = wholeNumber(text);
  if (value === undefined || value > maxUint32) {
    throw new InvalidArgumentError(
      `Write a whole number from 0 to ${maxUint32}; 0 means that this kind never locks.`,
    );
  }
  return value;
}

/** The duration of a rule, in milliseconds: a time span, or `none`, which is 0. @throws InvalidArgumentError */
export function parseRuleSpan(text: string): number {
  if (text === "none" || text === "0") {
    return 0;
  }
  const ms = parseDuration(text);
  // Less than a millisecond would switch the rule off.
  if (ms > maxRuleMs || (ms === 0 && /[1-9]/.test(text))) {
    throw new InvalidArgumentError("Write 1ms to 365d, or none.");
  }
  return ms;
}

/** How many times as long a lock lasts as the one before it, or `none`, which is 0. @throws InvalidArgumentError */
export function parseGrowth(text: string): number {
  if (text === "none" || text === "0") {
    return 0;
  }
  const growth = /^\d{1,2}(?:\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (growth < 1 || growth > 10) {
    throw new InvalidArgumentError(
      "Write a number from 1 to 10, such as 2 or 1.5, or none.",
    );
  }
  return growth;
}

/** A number of a rule, at least 1, or `none`, which is 0. @returns a parser, which throws InvalidArgumentError */
export function ruleCount(most: number = maxUint32): (text: string) => number {
  return (text) => {
    const value = text === "none" ? 0 : wholeNumber(text);
    if (value === undefined || value > most) {
      throw new InvalidArgumentError(
        `Write a whole number from 1 to ${most}, or none.`,
      );
    }
    return value;
  };
}

/** A number of bytes: `4194304`, `16KiB` or `4MiB`. @throws InvalidArgumentError */
export function parseSize(text: string, least: 0 | 1, most = maxSize): number {
  const [, number = "", unit] = /^(\d{1,10})(KiB|MiB)?$/.exec(text) ?? [];
  const bytes =
    Number(number) * (unit === "MiB" ? 1024 ** 2 : unit === "KiB" ? 1024 : 1);
  if (number === "" || bytes < least || bytes > most) {
    throw new InvalidArgumentError(
      `Write a number of bytes from ${least} to ${Math.floor(most / 1024 ** 2)}MiB, such as 4194304, 16KiB or 4MiB.`,
    );
  }
  return bytes;
}

/** A number of things, as a limit. @throws InvalidArgumentError */
export function parseCount(text: string, least: 0 | 1, most = maxSize): number {
  const value = wholeNumber(text);
  if (value === undefined || value < least || value > most) {
    throw new InvalidArgumentError(
      `Write a whole number from ${least} to ${most}.`,
    );
  }
  return value;
}

/** How many events to list: as many as one response holds. @throws InvalidArgumentError */
export function parseEventCount(text: string): number {
  const value = wholeNumber(text);
  if (value === undefined || value < 1 || value > 1000) {
    throw new InvalidArgumentError("Write a whole number from 1 to 1000.");
  }
  return value;
}

/** Yes or no: a flag alone is yes, a variable says which. @throws InvalidArgumentError */
export function parseBoolean(text: string): boolean {
  switch (text.toLowerCase()) {
    case "true":
    case "yes":
    case "1":
      return true;
    case "false":
    case "no":
    case "0":
      return false;
    default:
      throw new InvalidArgumentError("Write true or false.");
  }
}

/** The address of a server without a path. @throws InvalidArgumentError */
export function parseServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !["http:", "https:"].includes(url.protocol) ||
    `${url.username}${url.password}${url.search}${url.hash}` !== "" ||
    url.pathname !== "/"
  ) {
    throw new InvalidArgumentError(
      "Write http://HOST:PORT, or https://HOST:PORT where the server has TLS.",
    );
  }
  return url.origin;
}

/**
 * Whether this can be a token's secret, which is sent in a header. Not a parser like the others: those show in
 * their error what they were given.
 */
export function isSecret(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** Origins of web pages, or `*`. @throws InvalidArgumentError */
export function parseOrigins(text: string): readonly string[] {
  const origins = text
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin !== "");
  for (const origin of origins) {
    const isOrigin =
      origin === "*" ||
      (URL.canParse(origin) && new URL(origin).origin === origin);
    if (!isOrigin) {
      throw new InvalidArgumentError(
        `"${origin}" is no origin: write them as a browser sends them, separated by commas, ` +
          "such as https://login.example.com,http://localhost:3000, or * for all.",
      );
    }
  }
  return origins;
}

/** Addresses and networks of proxies. @throws InvalidArgumentError */
export function parseTrustedProxies(text: string): readonly string[] {
  const networks = text
    .split(",")
    .map((network) => network.trim())
    .filter((network) => network !== "");
  try {
    readNetworks(networks);
  } catch (error) {
    throw new InvalidArgumentError(
      `${error instanceof Error ? error.message : String(error)}: write them separated by commas, such as 10.0.0.0/8,192.0.2.7,2001:db8::/32.`,
    );
  }
  return networks;
}

/** An address, or a network. @throws InvalidArgumentError */
export function parseNetwork(text: string): string {
  try {
    readNetworks([text]);
  } catch (error) {
    throw new InvalidArgumentError(
      `${error instanceof Error ? error.message : String(error)}: write one such as 192.0.2.7, 203.0.113.0/24 or 2001:db8::/32.`,
    );
  }
  return text;
}

/** The name of an organisation. @throws InvalidArgumentError */
export function parseOrgName(text: string): string {
  if (text.trim() === "" || Array.from(text).length > maxNameLength) {
    throw new InvalidArgumentError(
      `Write 1 to ${maxNameLength} characters that are not all blank.`,
    );
  }
  return text;
}

/** The name of a token. @throws InvalidArgumentError */
export function parseTokenName(text: string): string {
  if (Array.from(text).length > maxNameLength) {
    throw new InvalidArgumentError(
      `Write at most ${maxNameLength} characters.`,
    );
  }
  return text;
}

/** The id of an organisation, or its name. @throws InvalidArgumentError */
export function parseOrg(text: string): string {
  if (text.trim() === "" || text.length > 400) {
    throw new InvalidArgumentError(
      "Write an id such as 397114861402619904, or a name; the list command shows them.",
    );
  }
  return text;
}

/** The id of a service account, or its login name. @throws InvalidArgumentError */
export function parseAccount(text: string): string {
  if (/[\s%+:]|^$/u.test(text) || Array.from(text).length > maxNameLength) {
    throw new InvalidArgumentError(
      `Write an id, or a login name of 1 to ${maxNameLength} characters without blanks, %, + and :.`,
    );
  }
  return text;
}

/** The id of an organisation or a token. @throws InvalidArgumentError */
export function parseId(text: string): string {
  // What cannot be sent in a header cannot be an id.
  if (!/^[\x21-\x7e]{1,200}$/.test(text)) {
    throw new InvalidArgumentError(
      "Write an id such as 397114861402619904; the list commands show them.",
    );
  }
  return text;
}

/** The position of a change. @throws InvalidArgumentError */
export function parseChange(text: string): string {
  if (!/^\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError(
      "Write the number of a change, such as 1041; lockoutd policy history lists them.",
    );
  }
  return String(Number(text));
}

function durationMs(text: string): number | undefined {
  const [, number, unit] =
    /^(\d{1,12}(?:\.\d{1,6})?)(ms|[smhd])$/.exec(text) ?? [];
  if (number === undefined || !isUnit(unit)) {
    return undefined;
  }
  return Math.round(Number(number) * unitMs[unit]);
}

function isUnit(text: string | undefined): text is keyof typeof unitMs {
  return text !== undefined && Object.hasOwn(unitMs, text);
}

function dayOrTimeMs(text: string): number | undefined {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  return timeMs(isDay ? `${text}T00:00:00Z` : text);
}

function timeMs(text: string): number | undefined {
  const rfc3339 =
    /^(\d{4}-\d\d-(\d\d))[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
  const [, date, day] = rfc3339.exec(text) ?? [];
  if (date === undefined || day === undefined) {
    return undefined;
  }
  // Date takes the 31st of a shorter month for a day of the next one.
  if (new Date(`${date}T00:00:00Z`).getUTCDate() !== Number(day)) {
    return undefined;
  }
  const time = Date.parse(text.replace(" ", "T").toUpperCase());
  return Number.isNaN(time) ? undefined : time;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
