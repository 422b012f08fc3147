/** A person who can sign in. */
export interface User {
  /** Never changes, unlike a name: attempts are counted under it. */
  readonly id: string;
  readonly name: string;
  /** Out of `hashPassword`. */
  readonly passwordHash: string;
}

export interface Users {
  findById(id: string): User | undefined;
  /** Finds a user by what was typed. */
  findByName(typed: string): User | undefined;
}

/** Users in memory, where your program asks its database. */
export function createUsers(users: readonly User[]): Users {
  const fold = (name: string) => name.normalize("NFKC").trim().toLowerCase();
  const byId = new Map(users.map((user) => [user.id, user]));
  const byName = new Map(users.map((user) => [fold(user.name), user]));
  return {
    findById: (id) => byId.get(id),
    findByName: (typed) => byName.get(fold(typed)),
  };
}
