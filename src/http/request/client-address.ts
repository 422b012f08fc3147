import { canonicalAddress } from "../../addresses/canonical.ts";
import { forwardedAddress } from "../../addresses/forwarded.ts";
import type { ForwardedFields } from "../../addresses/forwarded.ts";
import type { Networks } from "../../addresses/networks.ts";

/** Says whom a request comes from, in canonical form, by the address of its connection and what its header says. */
export type ClientAddress = (
  remoteAddress: string,
  fields: ForwardedFields,
) => string;

/** @param trusted proxies whose word is taken */
export function createClientAddress(trusted: Networks): ClientAddress {
  // Many requests after one another are from one address.
  let last = "";
  let peer = "";
  return (remoteAddress, fields) => {
    if (remoteAddress !== last) {
      last = remoteAddress;
      peer = canonicalAddress(remoteAddress) ?? remoteAddress;
    }
    return fields.forwarded === undefined && fields.forwardedFor === undefined
      ? peer
      : forwardedAddress(peer, fields, trusted);
  };
}
