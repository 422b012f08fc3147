import type { DescField, DescMessage } from "@bufbuild/protobuf";

/**
 * A description of the same message for which protobuf-es takes JSON names only: of two fields, one of which has the other's proto
 * name as its JSON name, it would take one for the other. The message itself where no message in it has such fields.
 */
export function withJsonNamesOnly(desc: DescMessage): DescMessage {
  return reachesCrossedNames(desc, new Set()) ? renamed(desc, new Map()) : desc;
}

function reachesCrossedNames(
  desc: DescMessage,
  seen: Set<DescMessage>,
): boolean {
  if (seen.has(desc)) {
    return false;
  }
  seen.add(desc);
  const jsonNames = new Map(
    desc.fields.map((field) => [field.jsonName, field]),
  );
  return desc.fields.some((field) => {
    const other = jsonNames.get(field.name);
    return (
      (other !== undefined && other !== field) ||
      (field.message !== undefined && reachesCrossedNames(field.message, seen))
    );
  });
}

function renamed(
  desc: DescMessage,
  done: Map<DescMessage, DescMessage>,
): DescMessage {
  const present = done.get(desc);
  if (present !== undefined) {
    return present;
  }
  const copy = { ...desc };
  done.set(desc, copy);
  copy.fields = desc.fields.map((field): DescField => {
    const named = { ...field, name: field.jsonName };
    return named.message === undefined
      ? named
      : { ...named, message: renamed(named.message, done) };
  });
  return copy;
}
