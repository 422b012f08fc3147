/** Organisations that were removed, as every engine knows them: the row of one stays, with the date, so that its id is never given again. */

/** A condition: the organisation of this column was not removed. What is of one that was is left for some time, and nobody finds it. */
export function isOfNoRemovedOrg(column: string): string {
  return `NOT ${isOfRemovedOrg(column)}`;
}

/** A condition: the organisation of this column was removed. */
export function isOfRemovedOrg(column: string): string {
  return `EXISTS (SELECT 1 FROM orgs gone WHERE gone.id = ${column} AND gone.removal_date IS NOT NULL)`;
}
