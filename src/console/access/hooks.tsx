import { useCallback, useMemo } from "preact/hooks";
import { HookState } from "../../../gen/lockout/v1/hook_service_pb.js";
import type { Hook } from "../../../gen/lockout/v1/hook_service_pb.js";
import { Time } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { disableTexts, outcomeTexts } from "../texts/access.ts";
import { NameField, textOf, textsOf } from "./create-form.tsx";
import { hookCalls } from "./hook-calls.ts";
import { ManagedList } from "./managed-list.tsx";

/** Where events are sent. */
export function Hooks({ session }: { readonly session: Session }) {
  const calls = useMemo(() => hookCalls(session), [session]);
  const create = async (typed: FormData) => {
    const { secret } = await calls.create({
      url: textOf(typed, "url"),
      presets: textsOf(typed, "preset"),
    });
    return { secret: { secret, clientId: "" } };
  };
  const test = async ({ hookId, url }: Hook) => {
    const { outcome, status, error } = await calls.test({ hookId });
    const code = status === 0 ? "" : ` (${status})`;
    const why = error === "" ? "" : `, ${error}`;
    return {
      message: `${texts.tested} ${url}: ${outcomeTexts[outcome] ?? ""}${code}${why}`,
    };
  };
  const setState = async (hookId: string, state: HookState) => {
    await calls.update({ hookId, state });
    return {};
  };
  const remove = async (hookId: string) => {
    await calls.remove({ hookId });
    return {};
  };
  return (
    <ManagedList<Hook>
      title={session.isAll ? texts.instanceHooks : texts.hooks}
      load={useCallback(
        async (pageToken = "", signal) => {
          const page = await calls.list({ pageToken }, { signal });
          return { items: page.hooks, next: page.nextPageToken };
        },
        [calls],
      )}
      keyOf={({ hookId }) => hookId}
      columns={[
        [texts.url, ({ url }) => <bdi>{url}</bdi>],
        [texts.gets, whatOf],
        [texts.state, stateOf],
        [texts.created, ({ createTime }) => <Time time={createTime} />],
        [
          texts.deliveries,
          ({ hookId, url }) => (
            <a
              href={addressOf("access", "hooks", hookId)}
              aria-label={texts.showDeliveries(url)}
            >
              {texts.show}
            </a>
          ),
        ],
      ]}
      actions={(hook) => {
        const { hookId, url, state } = hook;
        return [
          { label: texts.test, name: url, work: () => test(hook) },
          state === HookState.ENABLED
            ? {
                ...{ label: texts.disable, name: url },
                work: () => setState(hookId, HookState.DISABLED),
              }
            : {
                ...{ label: texts.enable, name: url },
                work: () => setState(hookId, HookState.ENABLED),
              },
          {
            ...{ label: texts.remove, name: url },
            question: { title: texts.removeHook, text: texts.removeHookHelp },
            work: () => remove(hookId),
          },
        ];
      }}
      form={{
        ...{ title: texts.createHook, create },
        fields: (
          <>
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
          </>
        ),
      }}
    />
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
