import type { Binding } from "../template/rule.ts";

/** A template as OpenAPI writes it: each wildcard is a parameter of its own, since a parameter holds no slash. */
export interface OpenApiPath {
  readonly path: string;
  readonly parameters: readonly OpenApiPathParameter[];
}

/** A parameter of a path. */
export interface OpenApiPathParameter {
  readonly name: string;
  /** Index of its wildcard among the segments of the template. */
  readonly segment: number;
  /** Stands for any number of segments. */
  readonly multi: boolean;
}

/**
 * Expands a template: `/v1/{name=shelves/*}` becomes `/v1/shelves/{shelvesId}`, with names as in Google's discovery documents; a
 * variable of one wildcard keeps its name.
 */
export function expandTemplate({ template }: Binding): OpenApiPath {
  const taken = new Set<string>();
  const parameters: OpenApiPathParameter[] = [];
  const parts = template.segments.map((segment, i) => {
    if (segment.kind === "literal") {
      return segment.value;
    }
    const own = template.variables.find(
      ({ start, end }) => start === i && end === i + 1,
    );
    const before = template.segments[i - 1];
    const literal = before?.kind === "literal" ? before.value : "segment";
    const wanted =
      own?.fieldPath ?? `${literal.replace(/[^A-Za-z0-9_]/g, "")}Id`;
    let name = wanted;
    for (let n = 2; taken.has(name); n++) {
      name = `${wanted}${n}`;
    }
    taken.add(name);
    parameters.push({ name, segment: i, multi: segment.kind === "multi" });
    return `{${name}}`;
  });
  const verb = template.verb === undefined ? "" : `:${template.verb}`;
  return { path: `/${parts.join("/")}${verb}`, parameters };
}
