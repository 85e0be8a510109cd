import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { isPublicAddress } from '../../kernel/public-address.js';
import { type NameLookups, serverNames } from '../../kernel/name-lookups.js';
import { OutputError } from '../output-error.js';

/**
 * Returns a `lookup` for `node:net` that uses the look-ups that all outputs share.
 * @param check throws if the addresses must not be used; see {@link requirePublic}. Since the connection uses the very addresses that were checked,
 * a name that changes between check and connection gains nothing.
 */
export function hostLookup(
  check: (host: string, addresses: readonly string[]) => void = () => undefined,
  names: Pick<NameLookups, 'addresses'> = serverNames,
): LookupFunction {
  const find = callbackify(async (host: string, version: number | undefined): Promise<LookupAddress[]> => {
    const isChosen = (address: string): boolean => (version ?? 0) === 0 || isIP(address) === version;
    const chosen = (await names.addresses(host)).filter(isChosen);
    if (chosen.length === 0) throw new Error(`the name ${host} has no address`);
    check(host, chosen);
    return chosen.map((address) => ({ address, family: isIP(address) }));
  });
  return (host, { all, family }, callback) => {
    const version = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    find(host, version, (error, found) => {
      if (error !== null) callback(error, []);
      else if (all === true) callback(null, found);
      else callback(null, found[0].address, found[0].family);
    });
  };
}

/**
 * Checks that all addresses are public. Connections to a literal address make no look-up, so it must be checked on its own.
 * @throws OutputError (`OUTPUT_PRIVATE_ADDRESS`)
 */
export function requirePublic(host: string, addresses: readonly string[]): void {
  const address = addresses.find((one) => !isPublicAddress(one));
  if (address === undefined) return;
  throw new OutputError(
    'OUTPUT_PRIVATE_ADDRESS',
    `${isIP(host) === 0 ? `${host} leads to ${address}, which` : address} is a private, local or reserved address; set allow_private_addresses: true if it is the right one`,
  );
}
