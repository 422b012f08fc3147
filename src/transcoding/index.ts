export { createTranscoder } from "./transcoder.ts";
export { RuleError, rpcName } from "./rule.ts";
export type {
  OutputOptions,
  TranscodedService,
  Transcoder,
  TranscoderOptions,
  TranscodingBehaviour,
  TranscodingMatch,
  TranscodingRequest,
  TranscodingResponse,
  TranscodingRoute,
  TranscodingRouter,
} from "./options.ts";
export { responseCompression } from "./encoding.ts";
export { cut, maxMessageBytes } from "./cut.ts";
export { createJsonChecker, createJsonReader } from "./json-message.ts";
export type { JsonReadingOptions } from "./json-message.ts";
export { openStream, streamOpening } from "./stream-opening.ts";
export type { HeaderField } from "./timeout.ts";
export type { UnaryRoute } from "./unary-route.ts";
export { parseMediaType } from "./media-type.ts";
export type { ErrorShape } from "./status.ts";
export type { MultiSegmentDecoding } from "./percent.ts";
export { describeRoutes } from "./openapi/openapi.ts";
export type { OpenApiInfo } from "./openapi/openapi.ts";
