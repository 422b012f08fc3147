import { setAccountSecret } from "../../../src/lockout/account/account.ts";
import {
  beginAttempt,
  reportAttempt,
} from "../../../src/lockout/attempt/attempt.ts";
import { addOrgPolicy } from "../../../src/lockout/policy/policy.ts";
import { noRules } from "../../../src/lockout/policy/rules.ts";
import { lockUser, putUser } from "../../../src/lockout/user/user.ts";
import type { NewHook } from "../../../src/store/hooks.ts";
import type { Store } from "../../../src/store/store.ts";
import { userSubject } from "../../../src/store/users.ts";
import type { Subject } from "../../../src/store/users.ts";
import { rulesDecision } from "../../support/change-policy.ts";
import { hashOf, limits } from "./samples.ts";

/** How long an attempt of {@link fillOrg} stays open, in milliseconds. */
export const openMs = 60_000;

export const anyApi = { version: "v1", authorise: () => undefined } as const;

export function hookOf(owner: string): NewHook {
  return {
    ...{ owner, url: "https://example.com/", eventTypes: [], presets: [] },
    sealSecret: () => "sealed",
  };
}

/** Begins an attempt. */
export function begin(store: Store, subject: Subject) {
  return store.beginAttempt(subject, "login", (view, attemptId) =>
    beginAttempt(view, {
      ...{ attemptId, factor: "password", ttlMs: openMs },
      client: { address: "192.0.2.7" },
    }),
  );
}

/** Reports a wrong password, with a key if there is one. */
export function fail(store: Store, subject: Subject, key?: string) {
  return store.reportAttempt(
    subject,
    "login",
    (view) =>
      reportAttempt(view, "password", { address: "192.0.2.7" }, "failed"),
    key === undefined ? undefined : { key, request: "same" },
  );
}

/** Fills an organisation with something of everything: so many users, of whom each fifth is locked, and what `seed` tells apart from others. */
export async function fillOrg(
  store: Store,
  orgId: string,
  seed: number,
  users = 5,
) {
  const org = { kind: "org", orgId } as const;
  await store.changePolicy(org, "e", addOrgPolicy(orgId, limits(3, 0)));
  await store.changePolicy(org, "e", () =>
    rulesDecision("org", {
      ...noRules,
      storms: { maxLocks: 1, windowMs: 60_000 },
      sources: {
        ...{ maxFailures: 1000, windowMs: 60_000 },
        ...{ ipv4Prefix: 32, ipv6Prefix: 64 },
      },
    }),
  );
  const token = await store.createToken(
    {
      ...{ hash: hashOf(seed), name: "own", orgId, roles: ["ORG_OWNER"] },
      expirationDate: undefined,
    },
    "e",
  );
  const { result: account } = await store.createAccount(
    { orgId, loginName: `program-${seed}`, name: "", roles: ["ORG_OWNER"] },
    "e",
  );
  await store.changeAccount(
    account.id,
    "e",
    setAccountSecret({ id: "s", hash: hashOf(seed) }),
  );
  await store.createAccountToken(
    ...([
      account.id,
      { hash: hashOf(seed + 1), expirationDate: undefined },
      "e",
    ] as const),
    () => undefined,
  );
  const hook = await store.createHook(hookOf(orgId), "e");
  await store.addHookDelivery(hook.id, {
    ...{ eventId: "1", position: 1, attempt: 1, time: store.now() },
    ...{ status: 200, error: "", response: "", nextTime: undefined },
    outcome: "delivered",
  });
  for (let number = 0; number < users; number += 1) {
    const key = { orgId, userId: `user-${number}` };
    const name = `name-${number}`;
    await store.putUser(key, [{ name, folded: name }], "e", putUser("active"));
    if (number % 5 === 0) {
      await store.changeUser(key, "e", lockUser(anyApi));
    }
  }
  const stranger = { kind: "name", orgId, foldedName: "nobody" } as const;
  for (let failures = 0; failures < 3; failures += 1) {
    await fail(store, stranger);
  }
  await begin(store, { ...stranger, foldedName: "nobody else" });
  const known = userSubject({ orgId, userId: "known" });
  await fail(store, known, "once");
  for (const userId of ["stormed", "stormed too"]) {
    for (let failures = 0; failures < 3; failures += 1) {
      await fail(store, userSubject({ orgId, userId }));
    }
  }
  const { attempt } = await begin(store, known);
  await store.addActivity([{ orgId, time: store.now(), counts: { locks: 1 } }]);
  return { token, account, hook, attemptId: attempt?.id ?? "" };
}
