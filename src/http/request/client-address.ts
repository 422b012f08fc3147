import { canonicalAddress } from "../../addresses/canonical.ts";
import { forwardedAddress } from "../../addresses/forwarded.ts";
import type { ForwardedFields } from "../../addresses/forwarded.ts";
import type { Networks } from "../../addresses/networks.ts";

/** Finds the address of the client of a request, in canonical form, by its connection and its header. */
export type ClientAddress = (
  remoteAddress: string,
  fields: ForwardedFields,
) => string;

/** @param trusted proxies whose header fields are believed */
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
