import { getOption, hasOption } from "@bufbuild/protobuf";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { auth_option } from "../../gen/zitadel/options_pb.js";
import { options as v2_options } from "../../gen/zitadel/protoc_gen_zitadel/v2/options_pb.js";
import { permissions } from "./roles.ts";
import type { Permission } from "./roles.ts";

/**
 * Who may call a method: anybody; anybody with a token, where the method itself checks the rest; or callers with a permission in the
 * organisation of the call.
 */
export type MethodAccess = "public" | "authenticated" | Permission;

/** The access of each method. */
export type PermissionTable = ReadonlyMap<DescMethod, MethodAccess>;

/**
 * Reads the access of each method from its options. A method without an option would be open to all: it is refused at start, unless it
 * is among `publicMethods` (full names, `package.Service.Method`).
 * So is a permission that no role knows.
 */
export function createPermissionTable(
  services: Iterable<DescService>,
  publicMethods: ReadonlySet<string>,
): PermissionTable {
  const table = new Map<DescMethod, MethodAccess>();
  for (const service of services) {
    for (const method of service.methods) {
      const name = `${service.typeName}.${method.name}`;
      const isPublic = publicMethods.has(name);
      table.set(method, readAccess(name, isPublic, declaredPermission(method)));
    }
  }
  return table;
}

function declaredPermission(method: DescMethod): string {
  if (hasOption(method, auth_option)) {
    return getOption(method, auth_option).permission;
  }
  return getOption(method, v2_options).authOption?.permission ?? "";
}

function readAccess(
  name: string,
  isPublic: boolean,
  declared: string,
): MethodAccess {
  if (declared === "") {
    if (isPublic) {
      return "public";
    }
    throw new Error(
      `${name} declares no permission: give it an auth option, or list it among the public methods`,
    );
  }
  if (declared === "authenticated") {
    return declared;
  }
  const known = permissions.find((permission) => permission === declared);
  if (known === undefined) {
    throw new Error(
      `${name} declares the permission ${declared}, which no role has`,
    );
  }
  return known;
}
