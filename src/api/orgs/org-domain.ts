/**
 * The primary domain of an organisation: its name as a label, under the host of this installation. Empty where the name has no letter and no
 * digit of ASCII.
 */
export function primaryDomain(name: string, host: string): string {
  const label = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return label === "" ? "" : `${label}.${host}`;
}
