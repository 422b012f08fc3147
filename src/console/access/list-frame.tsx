import type { ComponentChildren } from "preact";
import { accessTexts as texts } from "../texts/access.ts";
import { texts as shared } from "../texts/shared.ts";
import type { List } from "./use-list.ts";

/** A list as a table, with what is wrong, and more of it. */
export function ListFrame<T>({
  list: { items, failure, more },
  title,
  columns,
  row,
}: {
  readonly list: List<T>;
  readonly title: string;
  readonly columns: readonly string[];
  /** A row of the table. */
  readonly row: (item: T) => ComponentChildren;
}) {
  return (
    <section class="card">
      <h2>{title}</h2>
      <p role="alert" class="problem">
        {failure}
      </p>
      {items === undefined && failure === "" && (
        <p class="empty">{shared.loading}</p>
      )}
      {items?.length === 0 && <p class="empty">{texts.none}</p>}
      {items !== undefined && items.length > 0 && (
        <table class="stacked" aria-label={title}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{items.map(row)}</tbody>
        </table>
      )}
      {more !== undefined && (
        <div class="buttons">
          <button type="button" onClick={more}>
            {texts.more}
          </button>
        </div>
      )}
    </section>
  );
}
