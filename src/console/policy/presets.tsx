import { Verdict } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { PresetCheck } from "../../../gen/lockout/v1/policy_service_pb.js";
import { policyTexts, verdictTexts } from "../texts/policy.ts";

/** Which standards are met, and what would meet those that are missed. @param after of what would hold */
export function Presets({
  before,
  after,
}: {
  readonly before: readonly PresetCheck[];
  readonly after: readonly PresetCheck[] | undefined;
}) {
  return (
    <section class="card">
      <h2>{policyTexts.presets}</h2>
      <ul class="presets">
        {(after ?? before).map((check, index) => (
          <Preset
            key={check.preset}
            check={check}
            was={before[index]?.verdict ?? check.verdict}
          />
        ))}
      </ul>
    </section>
  );
}

function Preset({
  check,
  was,
}: {
  readonly check: PresetCheck;
  readonly was: Verdict;
}) {
  const { preset, source, edition, verdict, requirements } = check;
  return (
    <li>
      <details>
        <summary>
          <span>{preset}</span>{" "}
          <span class={`badge ${lookOf(verdict)}`}>
            {verdictTexts[verdict]}
          </span>{" "}
          {was !== verdict && (
            <ins>
              {policyTexts.wasBefore} {verdictTexts[was]}
            </ins>
          )}
        </summary>
        <p class="help">
          {source}, {edition}
        </p>
        <ul>
          {requirements.map(({ text, verdict: each, wouldMeet }) => (
            <li key={text}>
              <span class={`badge ${lookOf(each)}`}>{verdictTexts[each]}</span>{" "}
              {text}
              {wouldMeet !== "" && (
                <span class="help">
                  {" "}
                  {policyTexts.wouldMeet} {wouldMeet}
                </span>
              )}
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

function lookOf(verdict: Verdict): string {
  switch (verdict) {
    case Verdict.MET:
      return "good";
    case Verdict.MISSED:
      return "bad";
    case Verdict.NOT_DECIDED:
    case Verdict.UNSPECIFIED:
      return "";
  }
}
