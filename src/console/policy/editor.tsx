import { Code, ConnectError } from "@connectrpc/connect";
import { useRef, useState } from "preact/hooks";
import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import { describeFailure } from "../session/failure.ts";
import { policyTexts } from "../texts/policy.ts";
import { Fields } from "./fields.tsx";
import type { PolicyOwner } from "./owner.ts";
import { Preview } from "./preview.tsx";
import { fieldText, parseSetting } from "./setting-values.ts";
import { settingNames, settingsOf } from "./settings.ts";
import type { SettingName, Settings } from "./settings.ts";
import { useCheck } from "./use-check.ts";

/** What somebody has written into fields, and not saved. */
export type Draft = Readonly<Partial<Record<SettingName, string>>>;

/** The settings of the policy in a form, and beside it what they mean: before something is saved, before and after. */
export function Editor({
  owner,
  policy,
  lastChange,
  onChange,
}: {
  readonly owner: PolicyOwner;
  readonly policy: Policy;
  /** The position of the newest change; undefined where there is none. */
  readonly lastChange: string | undefined;
  /** Told in words that the policy was changed. */
  readonly onChange: (message: string) => void;
}) {
  const [draft, setDraft] = useState<Draft>({});
  const [failure, setFailure] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [undo, setUndo] = useState<() => Promise<unknown>>();
  const [saved, setSaved] = useState<{
    readonly before: Policy;
    readonly settings: Settings;
  }>();
  const undoButton = useRef<HTMLButtonElement>(null);
  // What was saved is shown until the policy has been read anew; nothing is saved on top of what was before it.
  const isStale = saved?.before === policy;
  const present = isStale ? saved.settings : settingsOf(policy);
  const { settings, wrong } = readDraft(present, draft);
  const isChanged = settingNames.some(
    (name) => settings[name] !== present[name],
  );
  const check = useCheck(owner, policy.etag, isChanged ? settings : undefined);
  const run = async (work: () => Promise<unknown>) => {
    setIsBusy(true);
    setFailure("");
    try {
      await work();
    } catch (error) {
      setFailure(
        ConnectError.from(error).code === Code.Aborted
          ? policyTexts.conflict
          : describeFailure(error),
      );
    }
    setIsBusy(false);
  };
  const save = async () => {
    await owner.save(policy, settings);
    setSaved({ before: policy, settings });
    setDraft({});
    setUndo(() => () => owner.rollBack(lastChange));
    onChange(policyTexts.saved);
    // The fields stay where they are: what somebody may want next is to take it back.
    requestAnimationFrame(() => undoButton.current?.focus());
  };
  const canSave = isChanged && wrong.size === 0 && !isBusy && !isStale;
  return (
    <form
      class="policy"
      onSubmit={(event) => {
        event.preventDefault();
        if (canSave) {
          void run(save);
        }
      }}
    >
      <Fields
        texts={(name) => draft[name] ?? fieldText(name, present[name])}
        isChanged={(name) => settings[name] !== present[name]}
        wrong={wrong}
        mayWrite={owner.mayWrite}
        onInput={(name, text) => {
          setUndo(undefined);
          setDraft({ ...draft, [name]: text });
        }}
      />
      <div class="meaning">
        <Preview present={present} settings={settings} check={check}>
          <p role="alert" class="problem">
            {failure || (isChanged ? check.failure : "")}
          </p>
          {owner.mayWrite && (
            <div class="buttons">
              <button type="submit" class="main" disabled={!canSave}>
                {policyTexts.save}
              </button>
              {Object.keys(draft).length > 0 && (
                <button
                  type="button"
                  onClick={() => {
                    setDraft({});
                    setFailure("");
                  }}
                >
                  {policyTexts.discard}
                </button>
              )}
              {undo !== undefined && (
                <button
                  ref={undoButton}
                  type="button"
                  disabled={isBusy}
                  onClick={() => {
                    void run(async () => {
                      await undo();
                      setUndo(undefined);
                      onChange(policyTexts.undone);
                    });
                  }}
                >
                  {policyTexts.undo}
                </button>
              )}
            </div>
          )}
        </Preview>
      </div>
    </form>
  );
}

/** What a draft comes to, and which of its fields hold no value. */
function readDraft(
  present: Settings,
  draft: Draft,
): {
  readonly settings: Settings;
  readonly wrong: ReadonlySet<SettingName>;
} {
  const wrong = new Set<SettingName>();
  const settings = { ...present };
  for (const name of settingNames) {
    const text = draft[name];
    if (text === undefined) {
      continue;
    }
    const value = parseSetting(name, text);
    if (value === undefined) {
      wrong.add(name);
    } else {
      settings[name] = value;
    }
  }
  return { settings, wrong };
}
