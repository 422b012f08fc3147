import type {
  FactorState,
  Lockout,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { Time } from "../parts/format.tsx";
import { decisionTexts, factorTexts } from "../texts/shared.ts";
import { userTexts } from "../texts/user.ts";

/** The counters of a user. */
export function Factors({ lockout }: { readonly lockout: Lockout }) {
  return (
    <section class="card">
      <h2>{userTexts.factors}</h2>
      <table class="stacked" aria-label={userTexts.factors}>
        <thead>
          <tr>
            <th scope="col">{userTexts.factor}</th>
            <th scope="col" class="number">
              {userTexts.failures}
            </th>
            <th scope="col" class="number">
              {userTexts.inRow}
            </th>
            <th scope="col" class="number">
              {userTexts.open}
            </th>
            <th scope="col" class="number">
              {userTexts.chances}
            </th>
            <th scope="col">{userTexts.lastFailure}</th>
            <th scope="col">{userTexts.nextAttempt}</th>
          </tr>
        </thead>
        <tbody>
          {lockout.factors.map((state) => (
            <tr key={state.factor}>
              <th scope="row" data-label={userTexts.factor}>
                <span>
                  {factorTexts[state.factor]}{" "}
                  {state.locked && (
                    <span class="badge bad">{userTexts.locked}</span>
                  )}
                </span>
              </th>
              <td class="number" data-label={userTexts.failures}>
                {state.failedAttempts.toLocaleString()}
                {state.limit > 0 &&
                  ` ${userTexts.of} ${state.limit.toLocaleString()}`}
              </td>
              <td class="number" data-label={userTexts.inRow}>
                {state.failedInRow.toLocaleString()}
              </td>
              <td class="number" data-label={userTexts.open}>
                {state.openAttempts.toLocaleString()}
              </td>
              <td class="number" data-label={userTexts.chances}>
                {chancesOf(state)}
              </td>
              <td data-label={userTexts.lastFailure}>
                <Time time={state.lastFailureTime} />
              </td>
              <td data-label={userTexts.nextAttempt}>
                {decisionTexts[state.nextDecision]}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function chancesOf({ limit, failedAttempts, openAttempts }: FactorState) {
  return limit === 0
    ? userTexts.noLimit
    : Math.max(limit - failedAttempts - openAttempts, 0).toLocaleString();
}
