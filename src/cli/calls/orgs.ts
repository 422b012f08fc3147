import { Option } from "commander";
import type { Organization } from "../../../gen/lockout/v1/access_service_pb.js";
import type { Clients } from "../transport/clients.ts";
import { OperationError } from "../terminal/failure.ts";
import { allItems } from "./pages.ts";
import { parseOrg } from "../options/values.ts";

/** The option `--org`, which takes an id or a name: {@link findOrg} makes an id of it. */
export function orgOption(description: string): Option {
  return new Option("--org <id or name>", description).argParser(parseOrg);
}

/** The organisation of the users. */
export function userOrgOption(): Option {
  return orgOption(
    "the users' organisation (default: the token's own, at the database the first one)",
  );
}

/** All organisations, oldest first. */
export function listOrgs({
  access,
}: Pick<Clients, "access">): Promise<readonly Organization[]> {
  return allItems(async (pageToken) => {
    const page = await access.listOrganizations({ pageSize: 1000, pageToken });
    return { items: page.organizations, next: page.nextPageToken };
  });
}

/**
 * The id of the organisation that is named, or undefined where none is. What looks like an id is one.
 *
 * @throws OperationError where no organisation has the name, or several have it
 */
export function findOrg(
  clients: Pick<Clients, "access">,
  text: string | undefined,
): Promise<string | undefined> {
  return chooseOrg(text, async () => {
    const orgs = await listOrgs(clients);
    return orgs.map(({ organizationId: id, name }) => ({ id, name }));
  });
}

/**
 * As {@link findOrg}, among these.
 *
 * @throws OperationError where no organisation has the name, or several have it
 */
export async function chooseOrg(
  text: string | undefined,
  list: () => Promise<
    readonly { readonly id: string; readonly name: string }[]
  >,
): Promise<string | undefined> {
  if (text === undefined || /^\d{18}$/.test(text)) {
    return text;
  }
  const found = (await list()).filter(({ name }) => name === text);
  const [org] = found;
  if (org === undefined) {
    throw new OperationError(
      `no organisation has the id or name "${text}": "lockoutd org list" shows them`,
    );
  }
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(", ");
    throw new OperationError(
      `${found.length} organisations have the name "${text}": name one by its id, of ${ids}`,
    );
  }
  return org.id;
}
