import type { DescMethod } from "@bufbuild/protobuf";
import type { ServiceImplSpec } from "@connectrpc/connect";
import { validateUniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import type {
  Transcoder,
  TranscodingRoute,
  UnaryRoute,
} from "../../../transcoding/index.ts";
import type { Cors } from "../../response/cors.ts";
import type { Stopwatch } from "../gate-renewal.ts";
import { wantsGrpcWebText } from "../../request/grpc-web-text.ts";
import type { HttpLimits } from "../../limits.ts";
import type { MapError } from "../mapped-errors.ts";
import { rpcMediaType } from "../../request/media-type.ts";
import type { RequestHead } from "../../request/head.ts";
import type { CallPlan, Respond } from "./call-plan.ts";
import { connectGetForm, encodingOfQuery } from "./connect-get.ts";
import { connectForm } from "./connect.ts";
import type { UnaryForm } from "./form.ts";
import { encodeFrozenOnce } from "./frozen-messages.ts";
import { grpcWebForm } from "./grpc-web.ts";
import { grpcForm } from "./grpc.ts";
import { createInvoke } from "./invoke.ts";
import type { Invoke, UnarySpec } from "./invoke.ts";
import { createMessageCodecs } from "../message-codec.ts";
import { restForm } from "./rest.ts";

/** Services, and the gate and interceptors of theirs. */
export interface ServiceGroup {
  readonly services: readonly ServiceImplSpec[];
  /** Without the interceptor that enforces deadlines: a unary call enforces its own. */
  readonly options: Partial<UniversalHandlerOptions>;
  /** For what the gate and the methods throw. */
  readonly mapError: MapError;
  /** Serves the same methods by their templates. */
  readonly transcoder?: Transcoder | undefined;
}

/** What {@link createUnaryPlans} puts together. */
export interface UnaryPlansParts {
  readonly groups: readonly ServiceGroup[];
  readonly cors: Cors;
  readonly limits: HttpLimits;
  readonly stopwatch: Stopwatch;
  readonly respond: Respond;
}

/** The plans of all unary methods: how a call is made, in each form that a request may have. */
export interface UnaryPlans {
  /** For a request by POST to the path of the method; undefined for a media type that no protocol has. */
  byPost(
    method: DescMethod,
    contentType: string,
    accept: string,
  ): CallPlan | undefined;
  /** For Connect by GET. */
  byGet(
    method: DescMethod,
    head: RequestHead,
    target: string,
  ): CallPlan | undefined;
  /** For JSON over HTTP; undefined for the route of a stream. */
  byTemplate(route: TranscodingRoute): CallPlan | undefined;
}

/** Plans of one method by media type, those whose response is gRPC-Web text by themselves. */
interface MethodPlans {
  readonly posts: ReadonlyMap<string, CallPlan>;
  readonly textPosts: ReadonlyMap<string, CallPlan>;
  /** By the query's `encoding`. */
  readonly gets: ReadonlyMap<string, CallPlan>;
}

/** Prepares all unary methods. */
export function createUnaryPlans(parts: UnaryPlansParts): UnaryPlans {
  const methods = new Map<DescMethod, MethodPlans>();
  const templates = new Map<TranscodingRoute, CallPlan>();
  for (const group of parts.groups) {
    const planner = createPlanner(group, parts);
    for (const { methods: specs } of group.services) {
      for (const spec of Object.values(specs)) {
        if (spec.kind === "unary") {
          methods.set(spec.method, planner.ofMethod(spec));
        }
      }
    }
    for (const route of group.transcoder?.routes ?? []) {
      const unary = group.transcoder?.unary(route);
      if (unary !== undefined) {
        templates.set(route, planner.ofRoute(unary));
      }
    }
  }
  return {
    byPost(method, contentType, accept) {
      const plans = methods.get(method);
      if (plans === undefined) {
        return undefined;
      }
      const exact = plans.posts.get(contentType);
      const type =
        exact === undefined ? rpcMediaType(contentType) : contentType;
      const plan = exact ?? plans.posts.get(type);
      return plan?.form.protocol === "grpc-web" &&
        wantsGrpcWebText(type, accept)
        ? plans.textPosts.get(type)
        : plan;
    },
    byGet(method, { contentType }, target) {
      const plans = methods.get(method);
      if (plans === undefined) {
        return undefined;
      }
      const type = rpcMediaType(contentType);
      if (
        contentType !== "" &&
        plans.posts.get(type)?.form.protocol !== "connect"
      ) {
        return undefined;
      }
      return plans.gets.get(encodingOfQuery(target) ?? "");
    },
    byTemplate: (route) => templates.get(route),
  };
}

/** Makes the plans of the methods of one group. */
function createPlanner(
  group: ServiceGroup,
  { cors, limits, stopwatch, respond }: UnaryPlansParts,
) {
  const bodyTimeouts = { totalMs: limits.bodyTimeoutMs, idleMs: 0 };
  const { mapError } = group;
  const options = validateUniversalHandlerOptions(group.options);
  const plan = (form: UnaryForm, invoke: Invoke): CallPlan => ({
    form:
      form.constantHeader === undefined
        ? form
        : { ...form, ...encodeFrozenOnce(form) },
    name: `${form.spec.method.parent.typeName}/${form.spec.method.name}`,
    bodyTimeouts,
    stopwatch,
    invoke,
    mapError,
    options,
    respond,
  });
  const header = constantHeader(cors, undefined);
  const restHeader = constantHeader(
    cors,
    options.acceptCompression.length > 0 ? "Accept-Encoding" : undefined,
  );
  return {
    ofMethod(spec: UnarySpec): MethodPlans {
      const invoke = createInvoke(spec, options.interceptors);
      const codecs = createMessageCodecs(spec, options);
      const plansOf = (forms: readonly [string, UnaryForm][]) =>
        new Map(forms.map(([type, form]) => [type, plan(form, invoke)]));
      const { binary, json } = codecs;
      // A gRPC media type without a suffix may mean any codec: here it means protobuf.
      const suffixes = [
        ["", binary],
        ["+proto", binary],
        ["+json", json],
      ] as const;
      const webForms = (textOut: boolean) =>
        suffixes.flatMap(([suffix, codec]): [string, UnaryForm][] => {
          const form = (textIn: boolean) =>
            grpcWebForm(spec, options, codec, header, { textIn, textOut });
          return [
            [`application/grpc-web${suffix}`, form(false)],
            [`application/grpc-web-text${suffix}`, form(true)],
          ];
        });
      const connectJson = connectForm(spec, options, json, header);
      const connectProto = connectForm(spec, options, binary, header);
      return {
        posts: plansOf([
          ...suffixes.map(([suffix, codec]): [string, UnaryForm] => [
            `application/grpc${suffix}`,
            grpcForm(spec, options, codec, header),
          ]),
          ...webForms(false),
          ["application/json", connectJson],
          ["application/proto", connectProto],
        ]),
        textPosts: plansOf(webForms(true)),
        gets: plansOf([
          ["json", connectGetForm(connectJson, options)],
          ["proto", connectGetForm(connectProto, options)],
        ]),
      };
    },
    ofRoute: (route: UnaryRoute): CallPlan =>
      plan(
        restForm(route, restHeader),
        createInvoke(route.spec, options.interceptors),
      ),
  };
}

/** What is added to every response that has no such header of its own, where the request has no Origin. */
function constantHeader(
  cors: Cors,
  vary: string | undefined,
): readonly string[] {
  const header = new Headers({ "cache-control": "no-store" });
  if (vary !== undefined) {
    header.set("vary", vary);
  }
  cors.decorate(undefined, header);
  return [...header].flat();
}
