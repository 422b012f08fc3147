import type { DescExtension, DescFile, DescMessage } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";

/** Descriptors by all the names that reflection may ask for. */
export interface DescriptorIndex {
  /** By file name with extension, `google/protobuf/any.proto`. */
  readonly files: ReadonlyMap<string, DescFile>;
  /** By full name of a message, field, oneof, enum, enum value, service, method or extension. */
  readonly symbols: ReadonlyMap<string, DescFile>;
  /** By full name of the extended message, then by field number. */
  readonly extensions: ReadonlyMap<string, ReadonlyMap<number, DescFile>>;
  /** Serialized `FileDescriptorProto`s: the file, then all that it imports. */
  withImports(file: DescFile): Uint8Array[];
}

/** Well-known types, which clients ask for when they meet one in an Any. */
const wellKnown = [
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

/** @param roots files to index, with everything that they import */
export function createDescriptorIndex(
  roots: readonly DescFile[],
): DescriptorIndex {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();

  const addExtension = (extension: DescExtension, file: DescFile): void => {
    symbols.set(extension.typeName, file);
    const extendee = extension.extendee.typeName;
    const numbers = extensions.get(extendee) ?? new Map<number, DescFile>();
    extensions.set(extendee, numbers.set(extension.number, file));
  };
  const addMessage = (message: DescMessage, file: DescFile): void => {
    symbols.set(message.typeName, file);
    for (const member of [...message.fields, ...message.oneofs]) {
      symbols.set(`${message.typeName}.${member.name}`, file);
    }
    for (const extension of message.nestedExtensions) {
      addExtension(extension, file);
    }
    for (const nested of message.nestedEnums) {
      addEnum(nested, file);
    }
    for (const nested of message.nestedMessages) {
      addMessage(nested, file);
    }
  };
  const addEnum = (desc: DescFile["enums"][number], file: DescFile): void => {
    symbols.set(desc.typeName, file);
    // Names of values are siblings of their enum's, as in C++.
    const scope = desc.typeName.slice(0, desc.typeName.lastIndexOf(".") + 1);
    for (const value of desc.values) {
      symbols.set(scope + value.name, file);
    }
  };
  const add = (file: DescFile): void => {
    // The name of the descriptor: that of DescFile lacks ".proto".
    if (files.has(file.proto.name)) {
      return;
    }
    files.set(file.proto.name, file);
    for (const message of file.messages) {
      addMessage(message, file);
    }
    for (const desc of file.enums) {
      addEnum(desc, file);
    }
    for (const extension of file.extensions) {
      addExtension(extension, file);
    }
    for (const service of file.services) {
      symbols.set(service.typeName, file);
      for (const method of service.methods) {
        symbols.set(`${service.typeName}.${method.name}`, file);
      }
    }
    file.dependencies.forEach(add);
  };
  roots.forEach(add);
  wellKnown.forEach(add);

  const serialized = new Map<DescFile, Uint8Array>();
  const serialize = (file: DescFile): Uint8Array => {
    const known = serialized.get(file);
    if (known !== undefined) {
      return known;
    }
    const bytes = toBinary(FileDescriptorProtoSchema, file.proto);
    serialized.set(file, bytes);
    return bytes;
  };
  return {
    files,
    symbols,
    extensions,
    withImports: (file) => withImports(file).map(serialize),
  };
}

/** The file and all that it imports, each before its own imports. */
function withImports(file: DescFile): DescFile[] {
  const found = new Set<DescFile>();
  const visited = new Set<DescFile>();
  const visit = (each: DescFile): void => {
    if (visited.has(each)) {
      return;
    }
    visited.add(each);
    each.dependencies.forEach(visit);
    found.add(each);
  };
  visit(file);
  return [...found].reverse();
}
