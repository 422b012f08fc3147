import { Code, createServiceImplSpec } from "@connectrpc/connect";
import { validateUniversalHandlerOptions } from "@connectrpc/connect/protocol";
import { createResponses } from "./call/response.ts";
import {
  createCallHandler,
  createCallParts,
  type TranscodableSpec,
} from "./call/handler.ts";
import { withFaults } from "./headers/encoding.ts";
import { Fault } from "./fault.ts";
import type {
  TranscodedService,
  TranscoderOptions,
  TranscodingMatch,
  TranscodingRequest,
  TranscodingResponse,
  TranscodingRoute,
  TranscodingRouter,
} from "./options.ts";
import {
  type Binding,
  readBindings,
  rpcName,
  RuleError,
} from "./template/rule.ts";
import { splitPath, splitTarget } from "./template/target.ts";
import { templateShape } from "./template/template.ts";
import { anyMethod, TemplateTrie } from "./template/trie.ts";
import { createUnaryRoute, type UnaryRoute } from "./call/unary-route.ts";

const defaultMaxTargetBytes = 8192;
const notFound = new Fault(404, Code.NotFound, "Not Found");
const malformedPath = new Fault(
  400,
  Code.InvalidArgument,
  "the path holds a malformed escape, bytes that are not UTF-8, or a character that must be escaped",
);

/** Serves JSON over HTTP for the methods of its services. */
export interface Transcoder {
  readonly routes: readonly TranscodingRoute[];
  match(method: string, target: string): TranscodingMatch;
  /**
   * Serves streams, and responds to requests that match no route; errors are responses, too. `match` saves a second look-up if
   * the caller has it already.
   *
   * @throws Error for a unary method, which its host calls by {@link Transcoder.unary}
   */
  handle(
    request: TranscodingRequest,
    match?: TranscodingMatch,
  ): Promise<TranscodingResponse>;
  /** What a host needs to call the unary method of a route; undefined for streams. */
  unary(route: TranscodingRoute): UnaryRoute | undefined;
}

/**
 * Makes a transcoder for the google.api.http rules of the given services.
 *
 * @throws RuleError for a rule that cannot be served; the message names the method and the reason.
 */
export function createTranscoder(options: TranscoderOptions): Transcoder {
  const handlerOptions = validateUniversalHandlerOptions({
    ...options,
    acceptCompression: (options.acceptCompression ?? []).map(withFaults),
  });
  const responses = createResponses(handlerOptions, options);
  const maxTargetBytes = options.maxTargetBytes ?? defaultMaxTargetBytes;
  const tooLong = new Fault(
    414,
    Code.InvalidArgument,
    `the request target is longer than ${maxTargetBytes} bytes`,
  );
  const ignoreTrailingSlash = options.ignoreTrailingSlash ?? false;
  const trie = new TemplateTrie<TranscodingRoute>();
  const routes: TranscodingRoute[] = [];
  const unary = new Map<TranscodingRoute, UnaryRoute>();
  const handlers = new Map<
    TranscodingRoute,
    ReturnType<typeof createCallHandler>
  >();

  for (const { spec, binding } of bindingsOf(options)) {
    const present = trie.add(binding.template, binding.httpMethod, binding);
    if (present !== undefined) {
      throw new RuleError(
        binding.method,
        `${binding.httpMethod} ${templateShape(binding.template)} is also a rule of ${rpcName(present.method)}`,
      );
    }
    routes.push(binding);
    const parts = createCallParts(
      spec,
      binding,
      handlerOptions,
      options,
      responses,
    );
    if (spec.kind === "unary") {
      unary.set(binding, createUnaryRoute(spec, parts));
    } else {
      handlers.set(binding, createCallHandler(spec, parts));
    }
  }

  /** Matches of paths that stand in templates as they are, by target and method: no more than there are routes. */
  const literal = new Map<string, Map<string, TranscodingMatch>>();

  function match(method: string, target: string): TranscodingMatch {
    const known = literal.get(target)?.get(method);
    if (known !== undefined) {
      return known;
    }
    const matched = search(method, target);
    if (isLiteral(matched, method, target)) {
      const byMethod =
        literal.get(target) ?? new Map<string, TranscodingMatch>();
      literal.set(target, byMethod.set(method, matched));
    }
    return matched;
  }

  function search(method: string, target: string): TranscodingMatch {
    if (target.length > maxTargetBytes) {
      return { kind: "bad-path", fault: tooLong };
    }
    const parts = splitTarget(target);
    const path =
      parts === undefined
        ? "too-many"
        : splitPath(parts.path, ignoreTrailingSlash);
    if (parts === undefined || path === "too-many") {
      return { kind: "not-found" };
    }
    if (path === "malformed") {
      return { kind: "bad-path", fault: malformedPath };
    }
    const found = trie.find(method, path.raw);
    if (found !== undefined) {
      const { value: route, verb } = found;
      return {
        kind: "found",
        route,
        method: route.method,
        path: verb
          ? {
              raw: withoutVerb(path.raw),
              decoded: decodedWithoutVerb(path.raw),
            }
          : path,
        query: parts.query,
      };
    }
    const methods = trie.methods(path.raw);
    if (methods.size === 0) {
      return { kind: "not-found" };
    }
    return { kind: "method-not-allowed", allow: allowHeader(methods) };
  }

  async function handle(
    request: TranscodingRequest,
    matched: TranscodingMatch = match(request.method, request.target),
  ): Promise<TranscodingResponse> {
    switch (matched.kind) {
      case "found": {
        const handler = handlers.get(matched.route);
        if (handler === undefined) {
          throw new Error(
            `${rpcName(matched.method)} is unary: its host calls it, by unary(route)`,
          );
        }
        return await handler(request, matched);
      }
      case "method-not-allowed":
        if (request.method === "OPTIONS") {
          return { status: 204, header: new Headers({ Allow: matched.allow }) };
        }
        return await responses.error(
          request,
          new Fault(405, Code.Unimplemented, "Method Not Allowed", {
            header: { Allow: matched.allow },
          }),
        );
      case "not-found":
        return await responses.error(request, notFound);
      case "bad-path":
        return await responses.error(request, matched.fault);
    }
  }

  return { routes, match, handle, unary: (route) => unary.get(route) };
}

/** Whether a target, byte by byte, and its method are those of the template that it matches. */
function isLiteral(
  matched: TranscodingMatch,
  method: string,
  target: string,
): boolean {
  if (matched.kind !== "found" || matched.query !== undefined) {
    return false;
  }
  const { template, httpMethod } = matched.route;
  return (
    method === httpMethod &&
    template.segments.every(({ kind }) => kind === "literal") &&
    target === templateShape(template)
  );
}

interface ImplementedBinding {
  readonly spec: TranscodableSpec;
  readonly binding: Binding;
}

function bindingsOf(options: TranscoderOptions): ImplementedBinding[] {
  const warn = options.warn ?? console.warn;
  return registeredServices(options).flatMap(({ spec, prefix }) =>
    Object.values(spec.methods).flatMap((method) => {
      const bindings = readBindings(method.method, prefix ?? "");
      if (method.kind === "bidi_streaming") {
        if (bindings.length > 0) {
          warn(
            `${rpcName(method.method)}: a bidi stream cannot be served as JSON over HTTP; its rule is left out`,
          );
        }
        return [];
      }
      return bindings.map((binding) => ({ spec: method, binding }));
    }),
  );
}

function registeredServices(options: TranscoderOptions): TranscodedService[] {
  const services = [...(options.services ?? [])];
  const router: TranscodingRouter = {
    service(service, implementation, { prefix } = {}) {
      services.push({
        spec: createServiceImplSpec(service, implementation),
        ...(prefix === undefined ? {} : { prefix }),
      });
      return router;
    },
  };
  options.routes?.(router);
  return services;
}

/** All methods of a path, with those that need no rule of their own. */
function allowHeader(methods: ReadonlySet<string>): string {
  const all = new Set(methods);
  if (all.has("GET")) {
    all.add("HEAD");
  }
  all.add("OPTIONS");
  all.delete(anyMethod);
  return [...all].sort().join(", ");
}

function withoutVerb(segments: readonly string[]): readonly string[] {
  const last = segments.at(-1) ?? "";
  return [...segments.slice(0, -1), last.slice(0, last.lastIndexOf(":"))];
}

/** The verb is cut off before decoding: a colon in a decoded segment may have been an escape. */
function decodedWithoutVerb(segments: readonly string[]): readonly string[] {
  return withoutVerb(segments).map((segment) => decodeURIComponent(segment));
}
