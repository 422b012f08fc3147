import { LockReason } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { lockedTexts } from "../texts/locked-users.ts";
import { reasonTexts, texts } from "../texts/shared.ts";
import type { Filter } from "./filter.ts";

const hourMs = 3_600_000;
const reasons = [
  ...[LockReason.PASSWORD_ATTEMPTS, LockReason.OTP_ATTEMPTS],
  ...[LockReason.CEILING, LockReason.ADMINISTRATOR],
];
const spans = [
  [0, lockedTexts.anyTime],
  [hourMs, lockedTexts.lastHour],
  [24 * hourMs, lockedTexts.lastDay],
  [7 * 24 * hourMs, lockedTexts.lastWeek],
] as const;

/** The fields by which somebody chooses which locked users are shown. */
export function Filters({
  filter,
  onChange,
}: {
  readonly filter: Filter;
  readonly onChange: (part: Partial<Filter>) => void;
}) {
  return (
    <form
      class="filters"
      aria-label={lockedTexts.filters}
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <label>
        {texts.reason}
        <select
          value={filter.reason}
          onChange={({ currentTarget }) => {
            onChange({
              reason:
                reasons.find((each) => String(each) === currentTarget.value) ??
                LockReason.UNSPECIFIED,
            });
          }}
        >
          <option value={LockReason.UNSPECIFIED}>
            {lockedTexts.anyReason}
          </option>
          {reasons.map((reason) => (
            <option key={reason} value={reason}>
              {reasonTexts[reason]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.since}
        <select
          value={filter.sinceMs}
          onChange={({ currentTarget }) => {
            onChange({ sinceMs: Number(currentTarget.value) });
          }}
        >
          {spans.map(([ms, text]) => (
            <option key={ms} value={ms}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        {lockedTexts.nameBegins}
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          maxLength={200}
          value={filter.namePrefix}
          onInput={({ currentTarget }) => {
            onChange({ namePrefix: currentTarget.value });
          }}
        />
      </label>
    </form>
  );
}
