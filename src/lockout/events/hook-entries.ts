/** The events of hooks, as a part of the catalogue of events. */

const all = {
  hookId: "",
  url: "where events are sent, without the path",
  eventTypes: "a list, left out where it is empty",
  presets: "a list, left out where it is empty",
};
const one = { hookId: "" };

function entriesOf<const Aggregate extends "instance" | "org">(
  aggregate: Aggregate,
  whose: string,
) {
  return {
    added: {
      aggregate,
      when: `A hook of ${whose} was created: it gets what happens from then on.`,
      payload: all,
    },
    changed: {
      aggregate,
      when: `A hook of ${whose} was changed. The payload has all that holds from then on.`,
      payload: all,
    },
    rotated: {
      aggregate,
      when: `A hook of ${whose} got another secret.`,
      payload: {
        hookId: "",
        oldSecretExpiration: "RFC 3339: until then the secret before signs too",
      },
    },
    disabled: {
      aggregate,
      when: `A hook of ${whose} was disabled: by an administrator, or by the server because of what the receiver said.`,
      payload: { hookId: "", reason: "`DISABLE_REASON_…`" },
    },
    enabled: {
      aggregate,
      when: `A hook of ${whose} was enabled again: it gets what happens from then on.`,
      payload: one,
    },
    removed: {
      aggregate,
      when: `A hook of ${whose} was deleted, with its deliveries.`,
      payload: one,
    },
  } as const;
}

const instance = entriesOf("instance", "the instance");
const org = entriesOf("org", "the organisation");

/** Their types and what they say. */
export const hookEntries = {
  "instance.hook.added": instance.added,
  "instance.hook.changed": instance.changed,
  "instance.hook.secret.rotated": instance.rotated,
  "instance.hook.disabled": instance.disabled,
  "instance.hook.enabled": instance.enabled,
  "instance.hook.removed": instance.removed,
  "org.hook.added": org.added,
  "org.hook.changed": org.changed,
  "org.hook.secret.rotated": org.rotated,
  "org.hook.disabled": org.disabled,
  "org.hook.enabled": org.enabled,
  "org.hook.removed": org.removed,
} as const;
