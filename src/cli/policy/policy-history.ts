import { create } from "@bufbuild/protobuf";
import {
  PolicySchema,
  PolicySource,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import type {
  Policy,
  PolicyChange,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { printable } from "../../telemetry/printable.ts";
import type { Clients } from "../transport/clients.ts";
import { OperationError } from "../terminal/failure.ts";
import { everyItem } from "../calls/pages.ts";
import {
  flagOf,
  settingNames,
  settingsOf,
  valueText,
} from "./policy-settings.ts";
import { style } from "../terminal/style.ts";
import { requiredDate } from "../terminal/times.ts";

/** The changes of an organisation's policy, or of the default policy, newest first. */
export function policyChanges(
  { policies, on }: Clients,
  orgId: string | undefined,
): AsyncGenerator<PolicyChange> {
  return everyItem(async (pageToken) => {
    const request = { pageSize: 100, pageToken };
    const page = await (orgId === undefined
      ? policies.listInstancePolicyChanges(request)
      : policies.listPolicyChanges(request, on(orgId)));
    return { items: page.changes, next: page.nextPageToken };
  });
}

/**
 * The changes at these positions, in their order.
 *
 * @throws OperationError where the policy has no change there
 */
export async function findChanges(
  clients: Clients,
  orgId: string | undefined,
  positions: readonly string[],
): Promise<readonly PolicyChange[]> {
  const found = new Map<string, PolicyChange>();
  const oldest = Math.min(...positions.map(Number));
  for await (const change of policyChanges(clients, orgId)) {
    if (positions.includes(change.position)) {
      found.set(change.position, change);
    }
    if (Number(change.position) <= oldest) {
      break;
    }
  }
  return positions.map((position) => {
    const change = found.get(position);
    if (change === undefined) {
      throw unknownChange(position);
    }
    return change;
  });
}

/** What is thrown where a policy has no change at a position. */
export function unknownChange(
  position: string,
  options?: ErrorOptions,
): OperationError {
  return new OperationError(
    `the policy has no change ${position}: "lockoutd policy history", with the same --org, lists those that it has`,
    options,
  );
}

/** What differs between two policies: an option, or whose a part is, and both values. */
export interface Difference {
  readonly option: string;
  readonly was: string;
  readonly is: string;
}

/** All that differs; of a policy that has nothing before it, all that is set. */
export function differences(
  before: Policy | undefined,
  after: Policy,
): readonly Difference[] {
  const was = settingsOf(before ?? create(PolicySchema));
  const is = settingsOf(after);
  const sources = [
    ["whose numbers", before?.numbersFrom, after.numbersFrom],
    ["whose rules", before?.rulesFrom, after.rulesFrom],
  ] as const;
  return [
    ...settingNames
      .filter((name) => was[name] !== is[name])
      .map((name) => ({
        option: flagOf(name),
        was: valueText(name, was[name]),
        is: valueText(name, is[name]),
      })),
    ...sources.flatMap(([option, from, to]) =>
      from === undefined || from === to
        ? []
        : [{ option, was: ownerText(from), is: ownerText(to) }],
    ),
  ];
}

function ownerText(source: PolicySource): string {
  return source === PolicySource.ORGANIZATION
    ? "organisation's"
    : "default policy's";
}

/** A change as people read it: which, when and by whom, and below it what it changed. */
export function changeText(change: PolicyChange): string {
  const { position, changeTime, editor, editorName, before, after } = change;
  const who =
    editorName === "" ? editor : `${printable(editorName)} (${editor})`;
  const lines = after === undefined ? [] : differences(before, after);
  return [
    `${style("heading", position)}  ${requiredDate(changeTime)}  by ${who}\n`,
    ...(lines.length === 0
      ? ["  nothing that is seen\n"]
      : lines.map(({ option, was, is }) => `  ${option}: ${was} -> ${is}\n`)),
  ].join("");
}
