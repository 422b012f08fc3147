import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { eventGroups } from "../texts/event-types.ts";
import { eventsTexts as texts } from "../texts/events.ts";
import { isOfUsers, noFilter } from "./filter.ts";
import type { Filter } from "./filter.ts";

/** Says which events are shown. Spans of time, and types beyond users, are for callers who may read all events. */
export function Filters({
  session,
  filter,
  onChange,
}: {
  readonly session: Session;
  readonly filter: Filter;
  readonly onChange: (filter: Filter) => void;
}) {
  const mayReadAll = may(session, "events.read");
  const groups = eventGroups.filter(
    ({ types }) => mayReadAll || isOfUsers(Object.keys(types)),
  );
  const bound = (name: "fromMs" | "toMs", label: string) => (
    <label>
      {label}
      <input
        type="datetime-local"
        value={localText(filter[name])}
        onChange={({ currentTarget }) => {
          const ms = new Date(currentTarget.value).getTime();
          onChange({ ...filter, [name]: Number.isNaN(ms) ? undefined : ms });
        }}
      />
    </label>
  );
  return (
    <form
      class="filters"
      aria-label={texts.filters}
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <label>
        {texts.type}
        <select
          value={filter.type}
          onChange={({ currentTarget }) => {
            onChange({ ...filter, type: currentTarget.value });
          }}
        >
          <option value="">{texts.allTypes}</option>
          {groups.map(({ title, types }) => (
            <optgroup key={title} label={title}>
              <option value={title}>{title}</option>
              {Object.entries(types).map(([type, text]) => (
                <option key={type} value={type}>
                  {text} ({type})
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <label>
        {texts.userId}
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          maxLength={200}
          value={filter.userId}
          onChange={({ currentTarget }) => {
            onChange({ ...filter, userId: currentTarget.value.trim() });
          }}
        />
      </label>
      {mayReadAll && bound("fromMs", texts.from)}
      {mayReadAll && bound("toMs", texts.to)}
      <button
        type="reset"
        onClick={() => {
          onChange(noFilter);
        }}
      >
        {texts.clear}
      </button>
    </form>
  );
}

/** A time as the field has it: in the browser's zone, to the minute. */
function localText(ms: number | undefined): string {
  if (ms === undefined) {
    return "";
  }
  const offset = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offset).toISOString().slice(0, 16);
}
