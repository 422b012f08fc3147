import type { ComponentChildren } from "preact";
import type {
  CheckPolicyResponse,
  GuessBudget,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { policyTexts, settingTexts } from "../texts/policy.ts";
import { factorTexts } from "../texts/shared.ts";
import { Presets } from "./presets.tsx";
import { valueText } from "./setting-values.ts";
import { settingNames } from "./settings.ts";
import type { Settings } from "./settings.ts";
import type { Check } from "./use-check.ts";

/** What the settings mean, and what a change of them would. */
export function Preview({
  present,
  settings,
  check,
  children,
}: {
  readonly present: Settings;
  readonly settings: Settings;
  readonly check: Check;
  /** What may be done with the change. */
  readonly children: ComponentChildren;
}) {
  const { before, after } = check;
  const changed = settingNames.filter(
    (name) => settings[name] !== present[name],
  );
  return (
    <>
      <section class="card">
        <h2>{policyTexts.changes}</h2>
        {changed.length === 0 ? (
          <p class="help">{policyTexts.nothingChanges}</p>
        ) : (
          <table aria-label={policyTexts.changes}>
            <thead>
              <tr>
                <th scope="col">{policyTexts.setting}</th>
                <th scope="col">{policyTexts.was}</th>
                <th scope="col">{policyTexts.becomes}</th>
              </tr>
            </thead>
            <tbody>
              {changed.map((name) => (
                <tr key={name}>
                  <th scope="row">{settingTexts[name].label}</th>
                  <td>{valueText(name, present[name])}</td>
                  <td>
                    <strong>{valueText(name, settings[name])}</strong>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {children}
      </section>
      {before !== undefined && (
        <>
          <Budgets before={before} after={after} />
          <Presets before={before.presets} after={after?.presets} />
        </>
      )}
    </>
  );
}

function Budgets({
  before,
  after,
}: {
  readonly before: CheckPolicyResponse;
  readonly after: CheckPolicyResponse | undefined;
}) {
  return (
    <section class="card">
      <h2>{policyTexts.budgets}</h2>
      <table class="stacked" aria-label={policyTexts.budgets}>
        <thead>
          <tr>
            <th scope="col">{policyTexts.factor}</th>
            {columns.map(({ title }) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {before.budgets.map((budget, index) => (
            <tr key={budget.factor}>
              <th scope="row" data-label={policyTexts.factor}>
                {factorTexts[budget.factor]}
              </th>
              {columns.map(({ title, text }) => (
                <td key={title} class="number" data-label={title}>
                  <Change
                    was={text(budget)}
                    is={textOf(text, after?.budgets[index])}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function textOf(
  text: (budget: GuessBudget) => string,
  budget: GuessBudget | undefined,
): string | undefined {
  return budget === undefined ? undefined : text(budget);
}

/** A value, and what it would become where that is another one. */
function Change({
  was,
  is,
}: {
  readonly was: string;
  readonly is: string | undefined;
}) {
  return is === undefined || is === was ? (
    <>{was}</>
  ) : (
    <span>
      <del>{was}</del> <ins>{is}</ins>
    </span>
  );
}

const percent = new Intl.NumberFormat(undefined, {
  style: "percent",
  maximumSignificantDigits: 2,
});

const columns = [
  {
    title: policyTexts.perDay,
    text: ({ perDay, unlimited }: GuessBudget) =>
      unlimited ? policyTexts.unlimited : perDay.toLocaleString(),
  },
  {
    title: policyTexts.perYear,
    text: ({ perYear, unlimited }: GuessBudget) =>
      unlimited ? policyTexts.unlimited : perYear.toLocaleString(),
  },
  {
    title: policyTexts.odds,
    text: ({ sixDigitOdds }: GuessBudget) => percent.format(sixDigitOdds),
  },
] as const;
