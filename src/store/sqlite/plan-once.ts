import type { Database } from "better-sqlite3";

/** A text of SQL, in which nothing is a parameter, or a parameter. */
const textsAndParameters = /'[^']*'|[?@$]\w*/g;

/**
 * Has all statements of this connection planned once, when they are prepared, by writing each parameter `?` as `+?`, which is the same value.
 *
 * SQLite plans many statements, such as joins and those with an order or a limit, again for each value that is bound to a bare `?` (as of
 * 3.54, with STAT4, in exprCompareVariable and sqlite3ExprIsInteger): it might find a better plan. Here it finds none, since no database is
 * analysed, and planning takes ten times as long as most of these statements. What switches it off, SQLITE_DBCONFIG_ENABLE_QPSG,
 * cannot be reached from Node.
 */
export function planOnce(database: Database): void {
  const prepare = database.prepare.bind(database);
  Object.assign(database, {
    prepare: (sql: string) =>
      prepare(
        sql.replace(textsAndParameters, (found) =>
          found.startsWith("'") ? found : `+${found}`,
        ),
      ),
  });
}
