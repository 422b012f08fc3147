import { getOption } from "@bufbuild/protobuf";
import type { DescMethod } from "@bufbuild/protobuf";
import { options } from "../../gen/zitadel/protoc_gen_zitadel/v2/options_pb.js";

/** The HTTP status of a success over JSON: as the method's options say, else 200. */
export function successStatusOf(method: DescMethod): number {
  const code = getOption(method, options).httpResponse?.successCode ?? 0;
  return code === 0 ? 200 : code;
}
