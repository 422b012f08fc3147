/**
 * A plugin of buf: writes the comments of our protos by the full names of what they describe, for the description of the API. The code
 * that protoc-gen-es makes has none.
 */
import type { AnyDesc, DescFile } from "@bufbuild/protobuf";
import {
  createEcmaScriptPlugin,
  getComments,
  runNodeJs,
} from "@bufbuild/protoplugin";
import type { Schema } from "@bufbuild/protoplugin";

type Described = Exclude<AnyDesc, DescFile>;

const path = "descriptions/descriptions";

function describe(schema: Schema): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  const add = (name: string, desc: Described) => {
    const text = proseOf(getComments(desc).leading ?? "");
    if (text !== "") {
      found.set(name, text);
    }
  };
  for (const file of schema.files) {
    // The interface files of others describe themselves.
    if (!/^(?:lockout|zitadel)\//.test(file.name)) {
      continue;
    }
    for (const message of schema.typesInFile(file)) {
      switch (message.kind) {
        case "message":
          add(message.typeName, message);
          for (const field of message.fields) {
            add(`${message.typeName}.${field.name}`, field);
          }
          break;
        case "enum":
          add(message.typeName, message);
          for (const value of message.values) {
            add(`${message.typeName}.${value.name}`, value);
          }
          break;
        case "service":
          add(message.typeName, message);
          for (const method of message.methods) {
            add(`${message.typeName}.${method.name}`, method);
          }
          break;
        case "extension":
          break;
      }
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A comment as paragraphs, without the ends of its lines. */
function proseOf(comment: string): string {
  return comment
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim().replaceAll(/\s*\n\s*/g, " "))
    .join("\n\n")
    .trim();
}

runNodeJs(
  createEcmaScriptPlugin({
    name: "protoc-gen-descriptions",
    version: "1",
    generateTs: () => undefined,
    generateJs: (schema) => {
      const file = schema.generateFile(`${path}.js`);
      file.print(
        `export const descriptions = ${JSON.stringify(describe(schema), null, 2)};`,
      );
    },
    generateDts: (schema) => {
      const file = schema.generateFile(`${path}.d.ts`);
      file.print(
        "/** The comments of the protos by the full names of what they describe; values of enums by those of their enums. */",
      );
      file.print(
        "export declare const descriptions: Readonly<Record<string, string>>;",
      );
    },
  }),
);
