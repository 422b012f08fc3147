import { isIP } from "node:net";
import { reachOf } from "../addresses/reach.ts";

/** What receivers may be, beyond web servers that everybody reaches by https. */
export interface ReceiverRules {
  /** `http:` too. */
  readonly allowHttp: boolean;
  /** This machine and private networks too. */
  readonly allowPrivate: boolean;
  /** The flag by which an operator allows `http:`, for messages: that of hooks unless set. */
  readonly httpFlag?: string;
}

/** What is wrong with the URL of a receiver, in words; undefined where it may be one. Names are judged when they are connected to. */
export function urlFault(
  text: string,
  rules: ReceiverRules,
): string | undefined {
  const url = URL.parse(text);
  if (url === null) {
    return "it is not a URL";
  }
  // Those at the ends and line breaks would be left out when it is read.
  if (/[\s\p{C}]/u.test(text)) {
    return "it must not have blanks or control characters";
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return "it must begin with https://";
  }
  if (url.protocol === "http:" && !rules.allowHttp) {
    const { httpFlag = "--hooks-allow-http" } = rules;
    return `it must begin with https://, unless the server was started with ${httpFlag}`;
  }
  if (url.port === "0") {
    return "port 0 cannot be connected to";
  }
  if (url.username !== "" || url.password !== "") {
    return "it must not have a user name or password";
  }
  const address = addressOfUrl(url);
  return address === undefined || mayReach(address, rules)
    ? undefined
    : "its address is not one that is reachable from everywhere";
}

/** The address that a URL names, where it names one. The URL parser has read every way to write IPv4. */
export function addressOfUrl({ hostname }: URL): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? undefined : host;
}

/** Whether an address may be connected to. */
export function mayReach(
  address: string,
  { allowPrivate }: ReceiverRules,
): boolean {
  const reach = reachOf(address);
  return reach === "public" || (reach === "private" && allowPrivate);
}
