import type { DescMethod } from "@bufbuild/protobuf";
import type { ServiceImplSpec } from "@connectrpc/connect";
import { validateUniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type {
  PlainUnary,
  Transcoder,
  TranscodingRoute,
} from "../../transcoding/index.ts";
import { withoutCharset } from "../charset.ts";
import type { Cors } from "../cors.ts";
import type { Stopwatch } from "../gate-renewal.ts";
import type { RequestHead } from "../request-head.ts";
import { Roster } from "../roster.ts";
import type { Route } from "../router.ts";
import type { RunningRequest } from "../running-request.ts";
import type { HttpLimits } from "../limits.ts";
import type { MapError } from "../mapped-errors.ts";
import { UnaryCall } from "./call.ts";
import type { CallPlan, GeneralWay } from "./call.ts";
import { connectForm } from "./connect.ts";
import { UnaryContext } from "./context.ts";
import type { RestMatch, UnaryForm } from "./form.ts";
import { encodeFrozenOnce } from "./frozen-answers.ts";
import { grpcWebForm } from "./grpc-web.ts";
import { grpcForm } from "./grpc.ts";
import { createInvoke } from "./invoke.ts";
import type { Invoke, UnarySpec } from "./invoke.ts";
import { isPlain } from "./plain.ts";
import { restForm } from "./rest.ts";

/** Services, and the gate and interceptors of theirs. */
export interface ServiceGroup {
  readonly services: readonly ServiceImplSpec[];
  /** Without what enforces deadlines: a unary call looks after its own. */
  readonly options: Partial<UniversalHandlerOptions>;
  /** For what the gate and the methods throw. */
  readonly mapError: MapError;
  /** Serves the same methods by their templates. */
  readonly transcoder?: Transcoder | undefined;
}

export interface UnaryAdapterParts {
  readonly groups: readonly ServiceGroup[];
  readonly cors: Cors;
  readonly limits: HttpLimits;
  readonly stopwatch: Stopwatch;
  readonly general: GeneralWay;
}

/**
 * Takes a request over, from its header on, where it is a plain call of a unary method: uncompressed, in a usual codec. Then nothing
 * stands between the socket and the method, no stream, generator, web request or signal, unless the method asks for it.
 *
 * @returns whether it has taken it
 */
export type UnaryAdapter = (
  running: RunningRequest,
  head: RequestHead,
  route: Route,
) => boolean;

/** Prepares all unary methods. */
export function createUnaryAdapter(parts: UnaryAdapterParts): UnaryAdapter {
  const methods = new Map<DescMethod, ReadonlyMap<string, CallPlan>>();
  const templates = new Map<TranscodingRoute, CallPlan>();
  for (const group of parts.groups) {
    const planner = createPlanner(group, parts);
    for (const { methods: specs } of group.services) {
      for (const spec of Object.values(specs)) {
        if (spec.kind === "unary")
          methods.set(spec.method, planner.byMediaType(spec));
      }
    }
    for (const route of group.transcoder?.routes ?? []) {
      const plain = group.transcoder?.plainUnary(route);
      if (plain !== undefined) templates.set(route, planner.byTemplate(plain));
    }
  }
  const planOf = (route: Route, { contentType }: RequestHead) => {
    if (route.kind === "rpc")
      return methods.get(route.rpc.method)?.get(withoutCharset(contentType));
    return route.kind === "rest" && route.match.kind === "found"
      ? templates.get(route.match.route)
      : undefined;
  };
  return (running, head, route) => {
    const plan = planOf(route, head);
    if (plan === undefined || !isPlain(running, head, plan)) return false;
    const match =
      route.kind === "rest" && route.match.kind === "found"
        ? route.match
        : undefined;
    begin(plan, running, head, match);
    return true;
  };
}

/** Makes the plans of the methods of one group. */
function createPlanner(
  group: ServiceGroup,
  { cors, limits, stopwatch, general }: UnaryAdapterParts,
) {
  const patience = { totalMs: limits.bodyTimeoutMs, idleMs: 0 };
  const { mapError } = group;
  const options = validateUniversalHandlerOptions(group.options);
  const running = new Roster<UnaryCall>();
  options.shutdownSignal?.addEventListener("abort", () => {
    running.forEach((call) => {
      call.fail(options.shutdownSignal?.reason);
    });
  });
  const plan = (form: UnaryForm, invoke: Invoke, takesBody = true) => ({
    form: { ...form, ...encodeFrozenOnce(form) },
    name: `${form.spec.method.parent.typeName}/${form.spec.method.name}`,
    takesBody,
    patience,
    stopwatch,
    invoke,
    mapError,
    options,
    general,
    running,
  });
  const header = plainHeader(cors, undefined);
  const restHeader = plainHeader(
    cors,
    options.acceptCompression.length > 0 ? "Accept-Encoding" : undefined,
  );
  return {
    byMediaType(spec: UnarySpec): ReadonlyMap<string, CallPlan> {
      const invoke = createInvoke(spec, options.interceptors);
      const forms: readonly [string, UnaryForm][] = [
        ["application/grpc", grpcForm(spec, options, true, header)],
        ["application/grpc+proto", grpcForm(spec, options, true, header)],
        ["application/grpc+json", grpcForm(spec, options, false, header)],
        ["application/grpc-web", grpcWebForm(spec, options, true, header)],
        [
          "application/grpc-web+proto",
          grpcWebForm(spec, options, true, header),
        ],
        [
          "application/grpc-web+json",
          grpcWebForm(spec, options, false, header),
        ],
        ["application/json", connectForm(spec, options, false, header)],
        ["application/proto", connectForm(spec, options, true, header)],
      ];
      return new Map(forms.map(([type, form]) => [type, plan(form, invoke)]));
    },
    byTemplate: (plain: PlainUnary): CallPlan =>
      plan(
        restForm(plain, options, restHeader),
        createInvoke(plain.spec, options.interceptors),
        plain.takesBody,
      ),
  };
}

/** What the general way adds to every answer that has no such header of its own, where the request has no Origin. */
function plainHeader(cors: Cors, vary: string | undefined): readonly string[] {
  const header = new Headers({ "cache-control": "no-store" });
  if (vary !== undefined) header.set("vary", vary);
  cors.decorate(undefined, header);
  return [...header].flat();
}

function begin(
  plan: CallPlan,
  running: RunningRequest,
  head: RequestHead,
  match: RestMatch | undefined,
): void {
  const { form } = plan;
  const { exchange } = running;
  running.rpc = plan.name;
  running.protocol = form.protocol;
  exchange.body.patience = plan.patience;
  const timeout = head.saysTimeout
    ? form.timeout(exchange.rawHeaders)
    : undefined;
  const call = new UnaryCall(
    plan,
    running,
    head,
    match,
    new UnaryContext(form, running, timeout?.timeoutMs),
    timeout,
  );
  exchange.onGone(() => {
    call.leave();
  });
  call.start();
}
