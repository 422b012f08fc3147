import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { useWork } from "../parts/use-work.ts";
import { usePages } from "../session/use-pages.ts";
import type { Page } from "../session/use-pages.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { texts as shared } from "../texts/shared.ts";
import { CreateForm } from "./create-form.tsx";
import { SecretNote } from "./new-secret.tsx";
import type { NewSecret } from "./new-secret.tsx";

/** What is shown of something that was done: a secret, once, or what came of it in words. */
interface Outcome {
  readonly secret?: NewSecret;
  readonly message?: string;
}

/** Something that is done by a call. */
type Work<Args extends unknown[] = []> = (...args: Args) => Promise<Outcome>;

/** What may be done with an item of a list: its button, and what is asked before, where nothing takes it back. */
export interface Action {
  readonly label: string;
  /** What the item is called. */
  readonly name: string;
  readonly question?: { readonly title: string; readonly text: string };
  readonly work: Work;
}

/** A list of what may call, or is called: read by pages, with a form for a new item, and what may be done with each. */
export function ManagedList<T>({
  title,
  load,
  keyOf,
  columns,
  actions,
  form,
}: {
  readonly title: string;
  /** Reads a page (of `useCallback`). */
  readonly load: (
    place: string | undefined,
    signal: AbortSignal,
  ) => Promise<Page<T>>;
  readonly keyOf: (item: T) => string;
  /** The heads of the columns, and what stands in them. The first names the item. */
  readonly columns: readonly (readonly [
    head: string,
    cell: (item: T) => ComponentChildren,
  ])[];
  readonly actions?: (item: T) => readonly Action[];
  readonly form?: {
    readonly title: string;
    readonly check?: (typed: FormData) => string;
    readonly create: Work<[typed: FormData]>;
    readonly fields: ComponentChildren;
  };
}) {
  const list = usePages(load);
  const [{ secret, message = "" }, setOutcome] = useState<Outcome>({});
  const [asked, setAsked] = useState<Action>();
  const end = (outcome: Outcome) => {
    setOutcome(outcome);
    list.reload();
  };
  const { items, failure, more } = list;
  return (
    <>
      {form !== undefined && (
        <CreateForm
          {...form}
          onCreate={async (typed) => {
            end(await form.create(typed));
          }}
        >
          {form.fields}
        </CreateForm>
      )}
      {secret !== undefined && (
        <SecretNote
          secret={secret}
          onHide={() => {
            setOutcome({});
          }}
        />
      )}
      <p role="status" class="message">
        {message}
      </p>
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
                {columns.map(([head]) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
                {actions !== undefined && <th scope="col">{texts.actions}</th>}
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <tr key={keyOf(item)}>
                  {columns.map(([head, cell], index) =>
                    index === 0 ? (
                      <th key={head} scope="row" data-label={head}>
                        {cell(item)}
                      </th>
                    ) : (
                      <td key={head} data-label={head}>
                        {cell(item)}
                      </td>
                    ),
                  )}
                  {actions !== undefined && (
                    <td data-label={texts.actions}>
                      <Actions
                        actions={actions(item)}
                        onAsk={setAsked}
                        onEnd={end}
                      />
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
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
      {asked?.question !== undefined && (
        <ConfirmDialog
          question={{
            ...{ ...asked.question, name: asked.name, action: asked.label },
            work: async () => {
              end(await asked.work());
            },
          }}
          isFinal
          onEnd={() => {
            setAsked(undefined);
          }}
        />
      )}
    </>
  );
}

/** The buttons of an item. What fails without a question before is told beside them. */
function Actions({
  actions,
  onAsk,
  onEnd,
}: {
  readonly actions: readonly Action[];
  readonly onAsk: (action: Action) => void;
  readonly onEnd: (outcome: Outcome) => void;
}) {
  const { isBusy, problem, run } = useWork();
  return (
    <span class="buttons">
      {actions.map((action) => (
        <button
          key={action.label}
          type="button"
          class="small"
          aria-label={texts.of(action.label, action.name)}
          aria-disabled={isBusy}
          onClick={() => {
            if (action.question === undefined) {
              run(async () => {
                onEnd(await action.work());
              });
            } else {
              onAsk(action);
            }
          }}
        >
          {action.label}
        </button>
      ))}
      <span role="alert" class="problem">
        {problem}
      </span>
    </span>
  );
}
