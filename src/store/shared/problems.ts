/** How many problems of a database are listed; further ones are only counted. */
const maxProblems = 100;

/** What a check has found, a line each. */
export class Problems {
  readonly list: string[] = [];
  count = 0;

  /** Notes a problem. */
  report(problem: string): void {
    this.count += 1;
    if (this.list.length < maxProblems) {
      this.list.push(problem);
    }
  }
}
