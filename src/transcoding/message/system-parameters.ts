import type { DescMessage } from "@bufbuild/protobuf";
import { badField } from "../fault.ts";
import { resolveFieldPath } from "../json/field-path.ts";
import { parametersOf } from "./query.ts";

/** Query parameters that are no fields, by name, and the request headers that they stand for. */
export type SystemParameters = ReadonlyMap<string, string>;

/** What a header takes as it is. */
const headerText = /^[\x20-\x7e]*$/;

/** Those of the named parameters that are not fields of the message: a field comes first. */
export function systemParametersOf(
  desc: DescMessage,
  named: Readonly<Record<string, string>>,
): SystemParameters {
  return new Map(
    Object.entries(named).filter(
      ([name]) => resolveFieldPath(desc, name, "proto-or-json") === "unknown",
    ),
  );
}

/**
 * Sets the headers for which the query has a parameter, where the request does not have them itself.
 *
 * @throws Fault 400 for a parameter that is given twice, or that no header can hold
 */
export function passOnSystemParameters(
  query: string,
  parameters: SystemParameters,
  header: Headers,
): void {
  const given = new Map<string, string>();
  for (const { name, value } of parametersOf(query)) {
    const headerName = name === undefined ? undefined : parameters.get(name);
    if (name === undefined || headerName === undefined) {
      continue;
    }
    if (value === undefined || !headerText.test(value)) {
      throw badField(name, "holds characters that a header cannot hold");
    }
    if (given.has(headerName)) {
      throw badField(name, "is given twice");
    }
    given.set(headerName, value);
  }
  for (const [name, value] of given) {
    if ((header.get(name) ?? "") === "") {
      header.set(name, value);
    }
  }
}
