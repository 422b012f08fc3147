export { createTranscoder } from "./transcoder.ts";
export type { Transcoder } from "./transcoder.ts";
export { RuleError, rpcName } from "./template/rule.ts";
export type {
  OutputOptions,
  TranscodedService,
  TranscoderOptions,
  TranscodingBehaviour,
  TranscodingMatch,
  TranscodingRequest,
  TranscodingResponse,
  TranscodingRoute,
  TranscodingRouter,
} from "./options.ts";
export { responseCompression } from "./headers/encoding.ts";
export { eachUntilAborted, untilAborted } from "./call/abort.ts";
export { cut } from "./cut.ts";
export { joinBinary, joinJson, writeInSlices } from "./message/slices.ts";
export type { WriteInSlices } from "./message/slices.ts";
export { cutError, toConnectError } from "./status.ts";
export { startDeadline } from "./headers/timeout.ts";
export { createJsonChecker, createJsonReader } from "./json/message.ts";
export type { JsonReadingOptions } from "./json/message.ts";
export { openStream, streamOpening } from "./call/stream-opening.ts";
export type { HeaderField } from "./headers/timeout.ts";
export type { UnaryRoute } from "./call/unary-route.ts";
export { parseMediaType } from "./headers/media-type.ts";
export type { ErrorShape } from "./status.ts";
export type { MultiSegmentDecoding } from "./template/percent.ts";
export { describeRoutes } from "./openapi/openapi.ts";
export type { OpenApiInfo } from "./openapi/openapi.ts";
