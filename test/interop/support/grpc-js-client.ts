import { fromBinary, toBinary, create } from "@bufbuild/protobuf";
import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { Client, Metadata, credentials } from "@grpc/grpc-js";
import type {
  CallOptions,
  ClientOptions,
  ClientReadableStream,
  ServiceError,
} from "@grpc/grpc-js";

/** What came back of a unary call, with all that grpc-js tells of it. */
export type GrpcJsAnswer<T> =
  | { readonly ok: true; readonly message: T; readonly header: Metadata }
  | { readonly ok: false; readonly error: ServiceError };

/** The grpc-js client, driven by our descriptors instead of by code generated for it. */
export interface GrpcJsClient {
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
    metadata?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<GrpcJsAnswer<MessageShape<O>>>;
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    input: MessageInitShape<I>,
    metadata?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): ClientReadableStream<MessageShape<O>>;
  close(): void;
}

export function openGrpcJsClient(
  { host, port }: { readonly host: string; readonly port: number },
  options: ClientOptions = {},
): GrpcJsClient {
  const client = new Client(
    `${host}:${port}`,
    credentials.createInsecure(),
    options,
  );
  return {
    call: (method, input, metadata = {}, callOptions = {}) =>
      new Promise((resolve) => {
        let header = new Metadata();
        client
          .makeUnaryRequest(
            pathOf(method),
            serialize(method.input),
            deserialize(method.output),
            create(method.input, input),
            toMetadata(metadata),
            callOptions,
            (error, message) => {
              if (error !== null) {
                resolve({ ok: false, error });
              } else if (message !== undefined) {
                resolve({ ok: true, message, header });
              }
            },
          )
          .on("metadata", (received: Metadata) => {
            header = received;
          });
      }),
    stream: (method, input, metadata = {}, callOptions = {}) =>
      client.makeServerStreamRequest(
        pathOf(method),
        serialize(method.input),
        deserialize(method.output),
        create(method.input, input),
        toMetadata(metadata),
        callOptions,
      ),
    close: () => {
      client.close();
    },
  };
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

function serialize<T extends DescMessage>(schema: T) {
  return (message: MessageShape<T>) => Buffer.from(toBinary(schema, message));
}

function deserialize<T extends DescMessage>(schema: T) {
  return (bytes: Buffer) => fromBinary(schema, bytes);
}

function toMetadata(entries: Readonly<Record<string, string>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) {
    metadata.set(name, value);
  }
  return metadata;
}
