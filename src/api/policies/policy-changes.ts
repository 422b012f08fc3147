import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type {
  ListPolicyChangesRequest,
  ListPolicyChangesResponseSchema,
  PolicyChangeSchema,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { PolicyParts } from "../../lockout/policy/policy.ts";
import { LongWork } from "../../pacing/long-work.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { PolicyOwner } from "../../store/policies.ts";
import {
  findPartsAfter,
  readPolicyChanges,
} from "../../store/policy-history.ts";
import type {
  PolicyHistory,
  RecordedChange,
} from "../../store/policy-history.ts";
import type { Store } from "../../store/store.ts";
import type { EditorNames } from "../messages/editor-names.ts";
import { timestampFromMicros } from "../messages/moment.ts";
import { readPage, turnOf } from "../requests/pages.ts";
import { isPolicy, policyMessage } from "./policy-message.ts";

/** Two policies each, of which each has some hundred bytes. */
const pageSizes = { defaultPageSize: 20, maxPageSize: 100 };

/** What the history of policies is read from. */
export interface PolicyChangesOptions {
  readonly store: Pick<Store, "listEvents" | "findInstance">;
  readonly inTurn: InTurn;
  readonly editorNames: EditorNames;
}

/** Reads a page of the changes of an owner, for ListPolicyChanges and ListInstancePolicyChanges. */
export async function listPolicyChanges(
  { store, inTurn, editorNames }: PolicyChangesOptions,
  owner: PolicyOwner,
  request: ListPolicyChangesRequest,
  context: HandlerContext,
): Promise<MessageInitShape<typeof ListPolicyChangesResponseSchema>> {
  const { items, next } = await readPage(
    ...([inTurn, turnOf(context), request] as const),
    async (page) => {
      const found = await readPolicyChanges(
        await historyOf(store, owner),
        page,
      );
      const names = await editorNames.of(found.items.map(({ event }) => event));
      const changes = [];
      const work = new LongWork();
      for (const change of found.items) {
        changes.push(changeMessage(change, names.get(change.event.editor)));
        // Each has the guesses of two policies counted.
        await work.pause();
      }
      return { items: changes, next: found.next };
    },
    pageSizes,
  );
  return { changes: [...items], nextPageToken: next ?? "" };
}

/**
 * What an owner had of its own right after a change.
 *
 * @param position as a request names the change
 * @throws LockoutError `policyChangeUnknown`
 */
export async function requirePartsAfter(
  { store, inTurn }: PolicyChangesOptions,
  owner: PolicyOwner,
  position: string,
  context: HandlerContext,
): Promise<PolicyParts> {
  const parts = /^\d{1,15}$/.test(position)
    ? await inTurn(
        async () =>
          findPartsAfter(await historyOf(store, owner), Number(position)),
        turnOf(context),
      )
    : undefined;
  if (parts === undefined) {
    throw new LockoutError("policyChangeUnknown");
  }
  return parts;
}

async function historyOf(
  store: PolicyChangesOptions["store"],
  owner: PolicyOwner,
): Promise<PolicyHistory> {
  const instanceId = (await store.findInstance())?.id ?? "";
  const { kind } = owner;
  const id = kind === "org" ? owner.orgId : instanceId;
  return { log: store, owner: { kind, id }, instanceId };
}

function changeMessage(
  { event, before, after }: RecordedChange,
  editorName: string | undefined,
): MessageInitShape<typeof PolicyChangeSchema> {
  return {
    position: String(event.position),
    changeTime: timestampFromMicros(event.creationMicros),
    editor: event.editor,
    eventType: event.type,
    ...(isPolicy(before) && { before: policyMessage(before) }),
    ...(isPolicy(after) && { after: policyMessage(after) }),
    ...(editorName !== undefined && { editorName }),
  };
}
