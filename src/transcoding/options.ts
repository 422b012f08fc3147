import type {
  DescMethod,
  DescService,
  Message,
  Registry,
} from "@bufbuild/protobuf";
import type {
  ConnectError,
  ServiceImpl,
  ServiceImplSpec,
} from "@connectrpc/connect";
import type {
  UniversalHandlerOptions,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import type { Fault } from "./fault.ts";
import type { MultiSegmentDecoding } from "./template/percent.ts";
import type { Binding } from "./template/rule.ts";
import type { ErrorShape } from "./status.ts";
import type { PathSegments } from "./template/target.ts";

/** An implementation of a service, and where its templates begin. */
export interface TranscodedService {
  readonly spec: ServiceImplSpec;
  /** Put before each template of the service: `/admin/v1`. Nothing by default. */
  readonly prefix?: string;
}

/** Takes implementations as a Connect router does. */
export interface TranscodingRouter {
  service<Desc extends DescService>(
    service: Desc,
    implementation: Partial<ServiceImpl<Desc>>,
    options?: { readonly prefix?: string },
  ): this;
}

/** How responses are written. All are off by default, as ProtoJSON has it. */
export interface OutputOptions {
  /** Names as in the proto file instead of lowerCamelCase. */
  readonly protoNames?: boolean;
  /** Fields without presence are written when they have their default value, too. */
  readonly defaults?: boolean;
  /** Enums by number instead of by name. */
  readonly enumNumbers?: boolean;
}

/** The transcoder's own options; each has the contract's behaviour as its default. */
export interface TranscodingBehaviour {
  /** Skip names in a JSON body that the message does not have, instead of refusing them (400). Default: as jsonOptions say, else false. */
  readonly ignoreUnknownFields?: boolean;
  /** Refuse a name that an enum does not have (400) also where unknown fields are skipped. Default: false, the field is left unset, as ProtoJSON has it. */
  readonly refuseUnknownEnumNames?: boolean;
  /** Skip query parameters that name no field, instead of refusing them (400). Default: false. */
  readonly ignoreUnknownQueryParameters?: boolean;
  /** Take `/a/` for `/a`. Default: false, a trailing slash is another path. */
  readonly ignoreTrailingSlash?: boolean;
  /** Take a body of any Content-Type for JSON, as grpc-gateway does, but for those of gRPC. Default: false, 415. */
  readonly anyContentType?: boolean;
  /** How variables that span segments are decoded. Default: "keep-slash". */
  readonly multiSegmentDecoding?: MultiSegmentDecoding;
  /** Fill the field mask of a PATCH from the fields that its body names. Default: true. */
  readonly patchMasks?: boolean;
  /** The JSON of errors. Default: "status". */
  readonly errorShape?: ErrorShape;
  /** The HTTP status of an error that a method throws, where it is not that of its code; undefined where it is. Default: it always is. */
  readonly errorStatus?: (error: ConnectError) => number | undefined;
  /** The HTTP status of a response that is one message. Default: 200. */
  readonly successStatus?: (method: DescMethod) => number;
  readonly output?: OutputOptions;
  /** The longest request target in bytes; longer ones are 414. Default: 8192. */
  readonly maxTargetBytes?: number;
  /** Parameters that a query may have; more are 400. Default: 256. */
  readonly maxQueryParameters?: number;
  /** Names of fields that a query parameter may join by dots; more are 400. Default: 16. */
  readonly maxQueryDepth?: number;
  /** Objects and arrays within each other that a JSON body may have; more are 400. Default: 100, at most 1000. */
  readonly maxJsonDepth?: number;
  /** Types that google.protobuf.Any may hold in messages and in error details. */
  readonly registry?: Registry;
  /**
   * Query parameters of server streams that are no fields, by name, and the request header that each is passed on as, where the
   * request does not have it: for clients that cannot set headers. A field of the same name comes first. Default: none.
   */
  readonly systemParameters?: Readonly<Record<string, string>>;
  /**
   * The id that a message of a server stream has as a server-sent event, without line breaks: a client that was cut off sends its
   * last one as Last-Event-ID, and the method goes on from there. A response header `last-event-id` that the method sets before it
   * opens the stream is the first id, for a client that is cut off before the first message. Default: none.
   */
  readonly eventId?: (message: Message) => string | undefined;
  /** Gets what was thrown where clients only hear "internal error". Default: nothing is done with it. */
  readonly onFault?: (fault: unknown) => void;
  /** Gets one line for each rule that is no route, such as that of a bidi method. Default: console.warn. */
  readonly warn?: (line: string) => void;
}

/**
 * What a transcoder is made of. Of Connect's handler options it uses interceptors, requestGate, acceptCompression,
 * compressMinBytes, readMaxBytes, maxTimeoutMs, shutdownSignal and jsonOptions.
 */
export interface TranscoderOptions
  extends Partial<UniversalHandlerOptions>, TranscodingBehaviour {
  /** Registers services, as with a Connect router. */
  readonly routes?: (router: TranscodingRouter) => void;
  /** Services whose specs exist already. */
  readonly services?: readonly TranscodedService[];
}

/** A Connect request with the request target as it stood in the request line or in `:path`. */
export interface TranscodingRequest extends UniversalServerRequest {
  readonly body: AsyncIterable<Uint8Array>;
  /** Never through a URL parser, which folds `%2e%2e`, `\` and `//x`. */
  readonly target: string;
}

/** The response to a request. */
export interface TranscodingResponse extends UniversalServerResponse {
  /**
   * Bytes that mean nothing, which the server may send between two pieces of the body, so that a stream without a message is not
   * taken for a dead one. Undefined where there are none: no stream, or one of raw bytes.
   */
  readonly heartbeat?: Uint8Array | undefined;
}

/** One binding of a google.api.http rule that is served. */
export type TranscodingRoute = Binding;

/** What a request target and an HTTP method come to. */
export type TranscodingMatch =
  | {
      readonly kind: "found";
      readonly route: TranscodingRoute;
      readonly method: DescMethod;
      /** The path's segments, without the verb. */
      readonly path: PathSegments;
      readonly query: string | undefined;
    }
  /** The path has other methods. For OPTIONS the response is 204. */
  | { readonly kind: "method-not-allowed"; readonly allow: string }
  | { readonly kind: "not-found" }
  /** A target that is too long, a malformed escape, bytes that are not UTF-8, or a character that must be escaped. */
  | { readonly kind: "bad-path"; readonly fault: Fault };
