import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from '../../kernel/public-address.js';
import { OutputError } from '../output-error.js';

/** The part of `dns.lookup` that is used. */
export type SystemLookup = (
  host: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Look-ups that the operating system has not answered yet. */
const pending = new Map<string, Promise<LookupAddress[]>>();

/**
 * Returns a `lookup` for `node:net`. While the operating system does not answer for a name, further connections wait for the same look-up:
 * a name that hangs blocks one thread, however often the connection is tried.
 * @param check throws if the addresses must not be used; see {@link requirePublic}. Since the connection uses the very addresses that were checked,
 * a name that changes between check and connection gains nothing.
 */
export function hostLookup(
  check: (host: string, addresses: readonly string[]) => void = () => undefined,
  system: SystemLookup = systemLookup,
): LookupFunction {
  return (host, { all, family }, callback) => {
    addressesOf(host, system).then(
      (found) => {
        const version = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
        const usable = version === 4 || version === 6 ? found.filter((one) => one.family === version) : found;
        try {
          check(
            host,
            usable.map(({ address }) => address),
          );
          if (usable.length === 0) throw new Error(`the name ${host} has no address`);
        } catch (error) {
          callback(error as NodeJS.ErrnoException, []);
          return;
        }
        if (all === true) callback(null, usable);
        else callback(null, usable[0].address, usable[0].family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
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

function addressesOf(host: string, system: SystemLookup): Promise<LookupAddress[]> {
  let lookup = pending.get(host);
  if (lookup === undefined) {
    lookup = new Promise((resolve, reject) => {
      system(host, { all: true }, (error, addresses) => {
        pending.delete(host);
        if (error === null) resolve(addresses);
        else reject(error);
      });
    });
    pending.set(host, lookup);
  }
  return lookup;
}
