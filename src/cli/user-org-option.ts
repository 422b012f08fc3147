import { Option } from "commander";
import { parseId } from "./values.ts";

/** The organisation of the users. */
export function userOrgOption(): Option {
  return new Option(
    "--org <id>",
    "the users' organisation (default: the token's own, at the database the first one)",
  ).argParser(parseId);
}
