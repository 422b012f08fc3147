import type { Call, Statement } from "./pipeline.ts";
import type { Value } from "./values.ts";

/** A statement whose values have names: each is a parameter from where it is named first. */
export interface NamedStatement<Values> {
  readonly statement: Statement;
  readonly names: readonly (keyof Values)[];
}

/** Makes a statement of SQL that names its values. */
export function namedStatement<Values>(
  name: string,
  write: (named: (value: keyof Values & string) => string) => string,
): NamedStatement<Values> {
  const names: (keyof Values)[] = [];
  const text = write((value) => {
    if (!names.includes(value)) {
      names.push(value);
    }
    return `$${names.indexOf(value) + 1}`;
  });
  return { statement: { name, text }, names };
}

/** The statement with its values. */
export function namedCall<
  Values extends { readonly [Name in keyof Values]: Value },
>({ statement, names }: NamedStatement<Values>, values: Values): Call {
  return [statement, ...names.map((name): Value => values[name])];
}
