import type { RequestHead } from "../request-head.ts";
import type { RunningRequest } from "../running-request.ts";
import type { CallPlan } from "./call.ts";

const jsonTypes = new Set([
  "",
  "application/json",
  "application/json; charset=utf-8",
]);
const welcome = new Set(["", "*/*", "application/json"]);
// Codings without quality values and wildcards, which Connect does not weigh.
const names = /^[a-z, -]*$/;

/** Whether a request needs nothing that only the general handlers know, as far as its header tells. */
export function isPlain(
  running: RunningRequest,
  head: RequestHead,
  plan: CallPlan,
): boolean {
  const { form, options } = plan;
  if ((head.declaredLength ?? 0) > form.maxBytes) return false;
  const { httpVersion, method } = running.exchange;
  switch (form.protocol) {
    case "grpc":
      return (
        method === "POST" &&
        httpVersion === "2.0" &&
        isIdentity(head.grpcEncoding)
      );
    case "grpc-web":
      // The answer may be wanted as text.
      return (
        method === "POST" &&
        !head.accept.includes("-text") &&
        isIdentity(head.grpcEncoding)
      );
    case "connect":
      return (
        method === "POST" &&
        (head.saysConnect || !options.requireConnectProtocolHeader) &&
        isIdentity(head.contentEncoding)
      );
    case "rest":
      return (
        method !== "HEAD" &&
        (plan.takesBody || running.exchange.body.complete) &&
        jsonTypes.has(head.contentType) &&
        welcome.has(head.accept) &&
        head.contentEncoding === undefined &&
        (head.acceptEncoding === undefined ||
          names.test(head.acceptEncoding)) &&
        !head.saysTimeout
      );
  }
}

function isIdentity(encoding: string | undefined): boolean {
  return encoding === undefined || encoding === "identity";
}
