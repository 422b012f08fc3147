import type { RequestHead } from "../request-head.ts";
import type { RunningRequest } from "../running-request.ts";
import type { CallPlan } from "./call.ts";
import { rawHeader } from "./raw-headers.ts";

const jsonTypes = new Set([
  "",
  "application/json",
  "application/json; charset=utf-8",
]);
const welcome = new Set(["", "*/*", "application/json"]);
// Codings without quality values and wildcards, which Connect does not weigh.
const names = /^[a-z, -]*$/;
const restTimeouts = ["connect-timeout-ms", "grpc-timeout", "x-server-timeout"];

/** Whether a request needs nothing that only the general handlers know, as far as its header tells. */
export function isPlain(
  running: RunningRequest,
  head: RequestHead,
  plan: CallPlan,
): boolean {
  const { form, options } = plan;
  if ((head.declaredLength ?? 0) > form.maxBytes) return false;
  const { httpVersion, method, rawHeaders } = running.exchange;
  switch (form.protocol) {
    case "grpc":
      return (
        method === "POST" &&
        httpVersion === "2.0" &&
        isIdentity(rawHeader(rawHeaders, "grpc-encoding"))
      );
    case "grpc-web":
      // The answer may be wanted as text.
      return (
        method === "POST" &&
        !head.accept.includes("-text") &&
        isIdentity(rawHeader(rawHeaders, "grpc-encoding"))
      );
    case "connect":
      return (
        method === "POST" &&
        (head.saysConnect || !options.requireConnectProtocolHeader) &&
        isIdentity(rawHeader(rawHeaders, "content-encoding"))
      );
    case "rest":
      return (
        method !== "HEAD" &&
        (plan.takesBody || running.exchange.body.complete) &&
        jsonTypes.has(head.contentType) &&
        welcome.has(head.accept) &&
        rawHeader(rawHeaders, "content-encoding") === undefined &&
        names.test(rawHeader(rawHeaders, "accept-encoding") ?? "") &&
        restTimeouts.every((name) => rawHeader(rawHeaders, name) === undefined)
      );
  }
}

function isIdentity(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === "identity";
}
