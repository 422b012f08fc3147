import { eventGroups, eventTexts } from "../texts/event-types.ts";

/** Which events are shown. */
export interface Filter {
  /** A type, or the title of a group; empty for all. */
  readonly type: string;
  /** Empty for everybody. */
  readonly userId: string;
  /** In milliseconds; undefined where there is no such bound. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

/** All events. */
export const noFilter: Filter = {
  ...{ type: "", userId: "", fromMs: undefined, toMs: undefined },
};

const allTypes: readonly string[] = [];
const typesByChoice = new Map<string, readonly string[]>([
  ...Object.keys(eventTexts).map((type) => [type, [type]] as const),
  ...eventGroups.map(
    ({ title, types }) => [title, Object.keys(types)] as const,
  ),
]);

/** The types that a choice stands for, always the same array for the same choice; empty for all. */
export function typesOf({ type }: Pick<Filter, "type">): readonly string[] {
  return typesByChoice.get(type) ?? allTypes;
}

/** Whether everybody who may see users may see events of these types. */
export function isOfUsers(types: readonly string[]): boolean {
  return types.every(
    (type) => type.startsWith("user.") || type.startsWith("org.lockout.storm."),
  );
}
