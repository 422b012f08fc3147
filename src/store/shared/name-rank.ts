/**
 * Which login names are removed when there are too many, alike on every engine: of the organisation that has the most, those of the lowest
 * rank, and of these the oldest.
 */

/**
 * The rank of a name as it stands now, in the words of both engines, in a statement on `subjects`: how often it failed or may still fail, by the
 * factor where that is most; a locked name comes after all others. It is stored when a name would have to go, not whenever it
 * changes: a failure then writes the same for a name as for a user. The stored one may be too low, never too high, unless a count was
 * cleared.
 */
export const nameRankSql = `CASE WHEN coalesce(subjects.lock_time, subjects.factor_lock_time) IS NOT NULL THEN 1000000000000
  ELSE coalesce((SELECT max(failed + open) FROM counters WHERE counters.subject = subjects.key), 0) END`;

/** How many names an organisation has. */
export interface NameCount {
  readonly orgId: string;
  readonly count: number;
}

/**
 * How many names of each organisation are removed so that there are `excess` fewer: the organisations that have the most are reduced to one
 * level, and the others keep theirs.
 */
export function shareOut(
  counts: readonly NameCount[],
  excess: number,
): readonly NameCount[] {
  const sorted = counts.toSorted((a, b) => b.count - a.count);
  const givers: NameCount[] = [];
  let left = -excess;
  for (const one of sorted) {
    // Who has no more than the level of those before gives nothing.
    if (givers.length > 0 && left >= one.count * givers.length) {
      break;
    }
    givers.push(one);
    left += one.count;
  }
  const level = Math.max(Math.floor(left / givers.length), 0);
  // What does not divide evenly stays with some of them, one each.
  const more = Math.max(left - level * givers.length, 0);
  return givers
    .map(({ orgId, count }, place) => ({
      orgId,
      count: count - level - (place < more ? 1 : 0),
    }))
    .filter(({ count }) => count > 0);
}
