import type {
  DescEnum,
  DescField,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { descriptions } from "../../gen/descriptions/descriptions.js";
import { requestBounds } from "../../src/api/requests/request-bounds.ts";
import type { FieldBound } from "../../src/api/requests/request-bounds.ts";
import { pathPrefixes, publicMethods } from "../../src/api/services.ts";
import { createPermissionTable } from "../../src/auth/permission-table.ts";
import { readBindings } from "../../src/transcoding/template/rule.ts";

// The page is made from the protos and their comments: `npm run docs:reference` writes it anew.

const access = createPermissionTable(pathPrefixes.keys(), publicMethods);

function isOurs(typeName: string): boolean {
  return /^(?:lockout|zitadel)\./.test(typeName);
}

/** A comment as the cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

function reference(typeName: string): string {
  return isOurs(typeName)
    ? `[${typeName}](#${typeName.toLowerCase().replaceAll(/[^\w]/g, "")})`
    : `\`${typeName}\``;
}

function typeOf(field: DescField): string {
  const single = () => {
    if (field.message !== undefined) {
      return reference(field.message.typeName);
    }
    if (field.enum !== undefined) {
      return reference(field.enum.typeName);
    }
    return `\`${ScalarType[field.scalar].toLowerCase()}\``;
  };
  switch (field.fieldKind) {
    case "list":
      return `list of ${single()}`;
    case "map":
      return `map of ${single()}`;
    case "scalar":
    case "enum":
    case "message":
      return single();
  }
}

function boundOf(bound: FieldBound | undefined): string {
  if (bound === undefined) {
    return "";
  }
  if ("elements" in bound) {
    const each =
      bound.each === undefined ? "" : `, each with ${boundOf(bound.each)}`;
    return `at most ${bound.elements} elements${each}`;
  }
  return `at most ${bound.characters} characters${bound.above === "cut" ? " (cut)" : ""}`;
}

function fieldRow(message: DescMessage, field: DescField): string {
  const name = `${message.typeName}.${field.name}`;
  const oneof =
    field.oneof === undefined
      ? ""
      : `One of \`${field.oneof.fields.map((other) => other.name).join("`, `")}\`.`;
  const text = [descriptions[name] ?? "", oneof].filter((part) => part !== "");
  return `| \`${field.name}\` | ${field.number} | ${typeOf(field)} | ${cell(text.join(" "))} | ${boundOf(requestBounds[name])} |`;
}

function messageSection(message: DescMessage): readonly string[] {
  return [
    `### ${message.typeName}`,
    "",
    ...paragraph(message.typeName),
    ...(message.fields.length === 0
      ? ["It has no fields.", ""]
      : [
          "| field | number | type | meaning | bound |",
          "| --- | --- | --- | --- | --- |",
          ...message.fields.map((field) => fieldRow(message, field)),
          "",
        ]),
  ];
}

function enumSection(desc: DescEnum): readonly string[] {
  return [
    `### ${desc.typeName}`,
    "",
    ...paragraph(desc.typeName),
    "| value | number | meaning |",
    "| --- | --- | --- |",
    ...desc.values.map(
      ({ name, number }) =>
        `| \`${name}\` | ${number} | ${cell(descriptions[`${desc.typeName}.${name}`] ?? "")} |`,
    ),
    "",
  ];
}

function paragraph(name: string): readonly string[] {
  const text = descriptions[name];
  return text === undefined ? [] : [text, ""];
}

function methodSection(method: DescMethod, prefix: string): readonly string[] {
  const name = `${method.parent.typeName}.${method.name}`;
  const paths = readBindings(method, prefix).map(
    ({ httpMethod, template }) => `\`${httpMethod} ${template.text}\``,
  );
  const stream = method.methodKind === "server_streaming" ? "stream of " : "";
  return [
    `### ${name}`,
    "",
    ...paragraph(name),
    `- RPC: \`/${method.parent.typeName}/${method.name}\``,
    ...(paths.length === 0 ? [] : [`- HTTP: ${paths.join(", ")}`]),
    `- Permission: ${permissionOf(method)}`,
    `- Request: ${reference(method.input.typeName)}`,
    `- Response: ${stream}${reference(method.output.typeName)}`,
    "",
  ];
}

function permissionOf(method: DescMethod): string {
  const needed = access.get(method);
  switch (needed) {
    case "public":
      return "none, and no token";
    case "authenticated":
      return "any token; the call itself checks the rest";
    default:
      return `\`${needed ?? ""}\``;
  }
}

/** The messages and enums that calls of these services have, each once, by name. */
function typesOf(services: Iterable<DescService>) {
  const found = new Map<string, DescMessage | DescEnum>();
  const visit = (type: DescMessage | DescEnum | undefined) => {
    if (
      type === undefined ||
      !isOurs(type.typeName) ||
      found.has(type.typeName)
    ) {
      return;
    }
    found.set(type.typeName, type);
    if (type.kind === "message") {
      for (const field of type.fields) {
        visit(field.message);
        visit(field.enum);
      }
    }
  };
  for (const { methods } of services) {
    for (const { input, output } of methods) {
      visit(input);
      visit(output);
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, type]) => type);
}

const ourServicesFirst = [...pathPrefixes].sort(
  ([a], [b]) =>
    Number(b.typeName.startsWith("lockout.")) -
    Number(a.typeName.startsWith("lockout.")),
);
const types = typesOf(pathPrefixes.keys());

it("docs/reference/api.md has every call, message and field", async () => {
  const page = [
    "# API",
    "",
    "Every call, with every field, made from the protos and their comments. JSON writes a field in camel case (`user_id` is `userId`), a 64-bit number as",
    "text, and leaves out what is `false`, 0 or empty. [The page of ZITADEL's calls](zitadel.md) says which role has which permission and where lockoutd",
    "differs; [the page of errors](errors.md) lists what a call may be refused with.",
    "",
    "| service | calls |",
    "| --- | --- |",
    ...ourServicesFirst.map(([service]) => {
      const calls = service.methods.map(
        ({ name }) =>
          `[${name}](#${`${service.typeName}${name}`.toLowerCase().replaceAll(/[^\w]/g, "")})`,
      );
      return `| ${reference(service.typeName)} | ${calls.join(", ")} |`;
    }),
    "",
    ...ourServicesFirst.flatMap(([service, prefix]) => [
      `## ${service.typeName}`,
      "",
      ...paragraph(service.typeName),
      ...service.methods.flatMap((method) => methodSection(method, prefix)),
    ]),
    "## Messages and enums",
    "",
    ...types.flatMap((type) =>
      type.kind === "message" ? messageSection(type) : enumSection(type),
    ),
  ].join("\n");
  await expect(page).toMatchFileSnapshot("../../docs/reference/api.md");
});

it("the protos say what each field of our own calls is", () => {
  const silent = types.flatMap((type) =>
    type.kind === "message" && type.typeName.startsWith("lockout.")
      ? type.fields
          .map((field) => `${type.typeName}.${field.name}`)
          .filter((name) => descriptions[name] === undefined)
      : [],
  );
  expect(silent).toEqual([]);
});
