import type { DescFile } from "@bufbuild/protobuf";
import { Code, createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl, ServiceImplSpec } from "@connectrpc/connect";
import { ServerReflection } from "../../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { createDescriptorIndex } from "./descriptor-index.ts";
import type { DescriptorIndex } from "./descriptor-index.ts";

/** The five questions of the protocol; the messages of v1 and v1alpha have the same form. */
type Question =
  | {
      readonly case: "fileByFilename" | "fileContainingSymbol";
      readonly value: string;
    }
  | { readonly case: "fileContainingExtension"; readonly value: ExtensionName }
  | { readonly case: "allExtensionNumbersOfType"; readonly value: string }
  | { readonly case: "listServices"; readonly value: string }
  | { readonly case: undefined };

interface ExtensionName {
  readonly containingType: string;
  readonly extensionNumber: number;
}

interface Request {
  readonly host: string;
  readonly messageRequest: Question;
}

/** The full names of the services of reflection itself. */
export const reflectionNames: readonly string[] = [
  ServerReflection.typeName,
  ServerReflectionAlpha.typeName,
];

/**
 * Server reflection, v1 and v1alpha: both are in use.
 *
 * @param services full names, as `list_services` shows them; those of reflection itself are added
 * @param files the descriptors that are served, with all that they import
 */
export function createReflection(
  services: readonly string[],
  files: readonly DescFile[],
): ServiceImplSpec[] {
  const index = createDescriptorIndex([
    ...files,
    ServerReflection.file,
    ServerReflectionAlpha.file,
  ]);
  const names = [...new Set([...services, ...reflectionNames])].sort();

  async function* serverReflectionInfo<R extends Request>(
    requests: AsyncIterable<R>,
  ) {
    for await (const request of requests) {
      yield {
        validHost: request.host,
        originalRequest: request,
        messageResponse: respond(index, names, request.messageRequest),
      };
    }
  }
  const v1: ServiceImpl<typeof ServerReflection> = { serverReflectionInfo };
  const v1alpha: ServiceImpl<typeof ServerReflectionAlpha> = {
    serverReflectionInfo,
  };
  return [
    createServiceImplSpec<typeof ServerReflection>(ServerReflection, v1),
    createServiceImplSpec<typeof ServerReflectionAlpha>(
      ServerReflectionAlpha,
      v1alpha,
    ),
  ];
}

function respond(
  index: DescriptorIndex,
  services: readonly string[],
  question: Question,
) {
  switch (question.case) {
    case "fileByFilename":
      return filesResponse(
        index,
        index.files.get(question.value),
        `file ${question.value}`,
      );
    case "fileContainingSymbol":
      return filesResponse(
        index,
        index.symbols.get(question.value),
        `symbol ${question.value}`,
      );
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      const file = index.extensions.get(containingType)?.get(extensionNumber);
      return filesResponse(
        index,
        file,
        `extension ${extensionNumber} of ${containingType}`,
      );
    }
    case "allExtensionNumbersOfType": {
      const extensions = index.extensions.get(question.value);
      if (extensions === undefined && !index.symbols.has(question.value)) {
        return notFound(`type ${question.value}`);
      }
      return {
        case: "allExtensionNumbersResponse",
        value: {
          baseTypeName: question.value,
          extensionNumber: [...(extensions?.keys() ?? [])].sort(
            (a, b) => a - b,
          ),
        },
      } as const;
    }
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: services.map((name) => ({ name })) },
      } as const;
    case undefined:
      return errorResponse(
        Code.InvalidArgument,
        "the request asks nothing that this server knows",
      );
  }
}

function filesResponse(
  index: DescriptorIndex,
  file: DescFile | undefined,
  what: string,
) {
  if (file === undefined) {
    return notFound(what);
  }
  return {
    case: "fileDescriptorResponse",
    value: { fileDescriptorProto: index.withImports(file) },
  } as const;
}

function notFound(what: string) {
  return errorResponse(Code.NotFound, `${what} not found`);
}

function errorResponse(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse", value: { errorCode, errorMessage } } as const;
}
