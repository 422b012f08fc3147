import { createContextKey } from "@connectrpc/connect";
import type { ContextValues } from "@connectrpc/connect";
import { findCaller } from "../../auth/caller.ts";
import type { Subject, UserStore } from "../../store/users.ts";

/** What the log tells of an attempt. */
export interface AttemptNote {
  /** Whose secret is guessed at, where the call says so. */
  readonly subject?: Subject;
  readonly attemptId?: string;
  /** How BeginAttempt decided. */
  readonly decision?: string;
  /** Whether the login goes on, of attempts that are completed or reported. */
  readonly accepted?: boolean;
}

const noteKey = createContextKey<AttemptNote | undefined>(undefined, {
  description: "attempt, for the log",
});

/** Leaves a note for the log; a later note replaces it. */
export function noteAttempt(values: ContextValues, note: AttemptNote): void {
  values.set(noteKey, note);
}

/** How many bytes of a name's hash the log has: enough to tell names apart. */
const nameHashBytes = 8;

/**
 * Makes what writes for the log who called, on which organisation, and how an attempt was decided: as fields of a JSON object, each after a comma. A
 * login name is a person's own, and may be a password in the wrong field: only its hash under the installation's key is written.
 */
export function createCallFields({
  hashName,
}: Pick<UserStore, "hashName">): (values: ContextValues | undefined) => string {
  const callerFields = createCallerFields();
  const userField = (subject: Subject) =>
    subject.kind === "user"
      ? `,"userId":${JSON.stringify(subject.userId)}`
      : `,"nameHash":"${Buffer.from(hashName(subject.foldedName)).toString("hex", 0, nameHashBytes)}"`;
  return (values) => {
    if (values === undefined) {
      return "";
    }
    const caller = callerFields(values);
    const note = values.get(noteKey);
    if (note === undefined) {
      return caller;
    }
    const { subject, attemptId, decision, accepted } = note;
    return `${caller}${subject === undefined ? "" : userField(subject)}${
      attemptId === undefined ? "" : `,"attemptId":${JSON.stringify(attemptId)}`
    }${decision === undefined ? "" : `,"decision":"${decision}"`}${
      accepted === undefined ? "" : `,"accepted":${accepted}`
    }`;
  };
}

/** Consecutive calls often have the same caller: its fields are made once. */
function createCallerFields(): (values: ContextValues) => string {
  let lastId = "";
  let lastName = "";
  let lastOrgId = "";
  let fields = "";
  return (values) => {
    const caller = findCaller(values);
    if (caller === undefined) {
      return "";
    }
    const { id, name, orgId } = caller;
    if (id !== lastId || name !== lastName || orgId !== lastOrgId) {
      lastId = id;
      lastName = name;
      lastOrgId = orgId;
      fields = `,"callerId":${JSON.stringify(id)},"callerName":${JSON.stringify(name)},"orgId":${JSON.stringify(orgId)}`;
    }
    return fields;
  };
}
