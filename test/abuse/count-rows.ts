import Database from "better-sqlite3";
import { Client } from "pg";

/** How many rows a table of a database has, that a server is using. */
export async function countRows(
  database: string,
  table: string,
): Promise<number> {
  const query = `SELECT count(*) AS count FROM ${table}`;
  if (!database.includes("://")) {
    const file = new Database(database, { readonly: true });
    try {
      return Number(file.prepare(query).pluck().get());
    } finally {
      file.close();
    }
  }
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(query);
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
