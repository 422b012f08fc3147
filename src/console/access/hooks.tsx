import { useCallback, useMemo, useState } from "preact/hooks";
import { HookState } from "../../../gen/lockout/v1/hook_service_pb.js";
import type { Hook } from "../../../gen/lockout/v1/hook_service_pb.js";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import type { Question } from "../parts/confirm-dialog.tsx";
import { Time } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { disableTexts, outcomeTexts } from "../texts/access.ts";
import { CreateForm, NameField, textOf, textsOf } from "./create-form.tsx";
import { hookCalls } from "./hook-calls.ts";
import { ListFrame } from "./list-frame.tsx";
import { SecretNote } from "./new-secret.tsx";
import type { NewSecret } from "./new-secret.tsx";
import { useList } from "./use-list.ts";

/** Where events are sent. */
export function Hooks({ session }: { readonly session: Session }) {
  const calls = useMemo(() => hookCalls(session), [session]);
  const [secret, setSecret] = useState<NewSecret>();
  const [question, setQuestion] = useState<Question>();
  const [message, setMessage] = useState("");
  const list = useList<Hook>(
    useCallback(
      async (pageToken, signal) => {
        const page = await calls.list({ pageToken }, { signal });
        return { items: page.hooks, nextPageToken: page.nextPageToken };
      },
      [calls],
    ),
  );
  const create = async (typed: FormData) => {
    const made = await list.run(() =>
      calls.create({
        url: textOf(typed, "url"),
        presets: textsOf(typed, "preset"),
      }),
    );
    if (made !== undefined) {
      setSecret({ secret: made.secret, clientId: "" });
    }
    return made !== undefined;
  };
  const test = async ({ hookId, url }: Hook) => {
    const delivery = await list.run(() => calls.test({ hookId }));
    if (delivery !== undefined) {
      const { outcome, status, error } = delivery;
      const code = status === 0 ? "" : ` (${status})`;
      setMessage(
        `${texts.tested} ${url}: ${outcomeTexts[outcome] ?? ""}${code}${error === "" ? "" : `, ${error}`}`,
      );
    }
  };
  const buttons = (hook: Hook) => {
    const { hookId, url, state } = hook;
    const isEnabled = state === HookState.ENABLED;
    const toggle = isEnabled ? texts.disable : texts.enable;
    return [
      <a
        key="deliveries"
        href={addressOf("access", "hooks", hookId)}
        aria-label={texts.of(texts.deliveries, url)}
      >
        {texts.deliveries}
      </a>,
      <button
        key="test"
        type="button"
        class="small"
        aria-label={texts.of(texts.test, url)}
        onClick={() => void test(hook)}
      >
        {texts.test}
      </button>,
      <button
        key="toggle"
        type="button"
        class="small"
        aria-label={texts.of(toggle, url)}
        onClick={() => {
          const next = isEnabled ? HookState.DISABLED : HookState.ENABLED;
          void list.run(() => calls.update({ hookId, state: next }));
        }}
      >
        {toggle}
      </button>,
      <button
        key="remove"
        type="button"
        class="small"
        aria-label={texts.of(texts.remove, url)}
        onClick={() => {
          setQuestion({
            ...{ title: texts.removeHook, text: texts.removeHookHelp },
            ...{ name: url, action: texts.remove },
            work: () => list.run(() => calls.remove({ hookId })),
          });
        }}
      >
        {texts.remove}
      </button>,
    ];
  };
  const title = session.isAll ? texts.instanceHooks : texts.hooks;
  return (
    <>
      <CreateForm title={texts.createHook} onCreate={create}>
        <NameField name="url" label={texts.url} isRequired />
        <fieldset>
          <legend>{texts.gets}</legend>
          {Object.entries(texts.presets).map(([preset, label]) => (
            <label key={preset} class="choice">
              <input type="checkbox" name="preset" value={preset} />
              {label}
            </label>
          ))}
          <p class="help">{texts.presetsHelp}</p>
        </fieldset>
      </CreateForm>
      {secret !== undefined && (
        <SecretNote
          secret={secret}
          onHide={() => {
            setSecret(undefined);
          }}
        />
      )}
      <p role="status" class="message">
        {message}
      </p>
      <ListFrame
        {...{ list, title }}
        columns={[
          ...[texts.url, texts.gets, texts.state, texts.created],
          texts.actions,
        ]}
        row={(hook) => (
          <tr key={hook.hookId}>
            <th scope="row" data-label={texts.url}>
              <bdi>{hook.url}</bdi>
            </th>
            <td data-label={texts.gets}>{whatOf(hook)}</td>
            <td data-label={texts.state}>{stateOf(hook)}</td>
            <td data-label={texts.created}>
              <Time time={hook.createTime} />
            </td>
            <td data-label={texts.actions}>
              <span class="buttons">{buttons(hook)}</span>
            </td>
          </tr>
        )}
      />
      {question !== undefined && (
        <ConfirmDialog
          question={question}
          isFinal
          onEnd={() => {
            setQuestion(undefined);
          }}
        />
      )}
    </>
  );
}

function whatOf({ presets, eventTypes }: Hook): string {
  const names: Readonly<Record<string, string>> = texts.presets;
  const all = [
    ...presets.map((preset) => names[preset] ?? preset),
    ...eventTypes,
  ];
  return all.length === 0 ? texts.everything : all.join(", ");
}

function stateOf({ state, disableReason }: Hook): string {
  return state === HookState.ENABLED
    ? texts.enabled
    : `${texts.disabled}: ${disableTexts[disableReason] ?? ""}`;
}
