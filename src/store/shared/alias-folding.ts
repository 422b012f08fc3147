import { foldName, formerlyFolded } from "../../lockout/user/alias.ts";

/** An alias as it is stored. */
export interface StoredAlias {
  readonly org_id: string;
  readonly folded: string;
  readonly name: string;
}

/**
 * How an alias is to be stored that was folded before some invisible characters counted as such; undefined where it is right. Where
 * another user has that name already, it stays as it is: `formerlyFolded` finds it.
 */
export function foldedAnew({ name, folded }: StoredAlias): string | undefined {
  if (formerlyFolded(name) === undefined) {
    return undefined;
  }
  const anew = foldName(name);
  return anew === folded || anew === "" ? undefined : anew;
}
