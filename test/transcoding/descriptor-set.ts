import { readFileSync } from "node:fs";
import {
  clone,
  createFileRegistry,
  type DescFile,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { file_google_api_annotations } from "../../gen/google/api/annotations_pb.js";
import { file_google_api_http } from "../../gen/google/api/http_pb.js";
import { file_google_api_httpbody } from "../../gen/google/api/httpbody_pb.js";

/** Files that a set may leave out, since every compiler has them. */
const known: readonly DescFile[] = [
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
  file_google_api_http,
  file_google_api_annotations,
  file_google_api_httpbody,
];

/**
 * Loads a serialized FileDescriptorSet. Its files may stand in any order; well-known ones may be missing.
 *
 * @throws Error if it is no such set, or a file is missing.
 */
export function loadDescriptorSet(path: string): FileRegistry {
  return createRegistryOf(readFiles(readFileSync(path)));
}

const setFile = 1;
const fileSourceCodeInfo = 9;

/** The files of a set, without their comments: those are most of its bytes, and would be most of the time to start. */
function readFiles(set: Uint8Array): FileDescriptorProto[] {
  const files: FileDescriptorProto[] = [];
  const reader = new BinaryReader(set);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === setFile && type === WireType.LengthDelimited) {
      files.push(
        fromBinary(FileDescriptorProtoSchema, withoutComments(reader.bytes())),
      );
    } else {
      reader.skip(type, field);
    }
  }
  return files;
}

function withoutComments(file: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  const reader = new BinaryReader(file);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, type] = reader.tag();
    reader.skip(type, field);
    if (field !== fileSourceCodeInfo) {
      parts.push(file.subarray(start, reader.pos));
    }
  }
  return Buffer.concat(parts);
}

/**
 * A registry of files in any order. An import that is missing is left out: many are there for options only, which nobody reads here.
 *
 * @throws Error that names a missing import, where one of its types is needed.
 */
export function createRegistryOf(
  files: readonly FileDescriptorProto[],
): FileRegistry {
  const byName = new Map(
    known.map((file) => [file.proto.name, file.proto] as const),
  );
  for (const file of files) {
    byName.set(file.name, file);
  }
  const ordered: FileDescriptorProto[] = [];
  const placed = new Set<string>();
  const missing: string[] = [];
  const place = (file: FileDescriptorProto): void => {
    if (placed.has(file.name)) {
      return;
    }
    placed.add(file.name);
    const present: string[] = [];
    for (const dependency of file.dependency) {
      const needed = byName.get(dependency);
      if (needed === undefined) {
        missing.push(`${file.name} imports ${dependency}, which is missing`);
      } else {
        present.push(dependency);
        place(needed);
      }
    }
    ordered.push(
      present.length === file.dependency.length
        ? file
        : withDependencies(file, present),
    );
  };
  // The known ones, too: an Any may hold their types, whether the set imports them or not.
  [...files, ...byName.values()].forEach(place);
  try {
    return createFileRegistry({
      $typeName: "google.protobuf.FileDescriptorSet",
      file: ordered,
    });
  } catch (error) {
    throw missing.length === 0 ? error : new Error(missing.join("; "));
  }
}

function withDependencies(
  file: FileDescriptorProto,
  dependency: string[],
): FileDescriptorProto {
  return Object.assign(clone(FileDescriptorProtoSchema, file), {
    dependency,
    publicDependency: [],
  });
}
