import type { ServiceAccount } from "../../../gen/lockout/v1/access_service_pb.js";
import type { Clients } from "../transport/clients.ts";
import { OperationError } from "../terminal/failure.ts";
import { requiredTime } from "../terminal/times.ts";
import { allItems } from "./pages.ts";
import { parseAccount } from "../options/values.ts";

/** The argument that names an account. */
export const accountArgument = [
  "<account>",
  'its id or login name, as "lockoutd service-account list" shows them',
  parseAccount,
] as const;

/** All service accounts that the caller may see, oldest first. */
export function listAccounts({
  access,
}: Pick<Clients, "access">): Promise<readonly ServiceAccount[]> {
  return allItems(async (pageToken) => {
    const page = await access.listServiceAccounts({
      pageSize: 1000,
      pageToken,
    });
    return { items: page.serviceAccounts, next: page.nextPageToken };
  });
}

/**
 * The id of the account that is named by its id or its login name. What looks like an id is one.
 *
 * @throws OperationError where no account has the name
 */
export async function findAccountId(
  clients: Pick<Clients, "access">,
  text: string,
): Promise<string> {
  if (/^\d{18}$/.test(text)) {
    return text;
  }
  const found = (await listAccounts(clients)).find(
    ({ loginName }) => loginName === text,
  );
  if (found === undefined) {
    throw new OperationError(
      `no service account has the id or login name "${text}": "lockoutd service-account list" shows them`,
    );
  }
  return found.userId;
}

/** An account as JSON for scripts. */
export function accountJson(account: ServiceAccount) {
  return {
    id: account.userId,
    loginName: account.loginName,
    name: account.name,
    orgId: account.organizationId,
    roles: account.roles,
    creationDate: requiredTime(account.createTime),
    hasSecret: account.hasSecret,
  };
}
