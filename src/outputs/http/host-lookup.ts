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

type Answer = Parameters<SystemLookup>[2];

/** The connections that wait for each look-up that the operating system has not answered yet. */
const pending = new Map<string, Answer[]>();

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
    lookUp(host, system, (error, found) => {
      const version = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
      const usable = version === 4 || version === 6 ? found.filter((one) => one.family === version) : found;
      let failure: Error | null = error;
      try {
        if (failure === null && usable.length === 0) failure = new Error(`the name ${host} has no address`);
        const addresses = usable.map(({ address }) => address);
        if (failure === null) check(host, addresses);
      } catch (refusal) {
        failure = refusal as Error;
      }
      if (failure !== null) callback(failure, []);
      else if (all === true) callback(null, usable);
      else callback(null, usable[0].address, usable[0].family);
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

function lookUp(host: string, system: SystemLookup, answer: Answer): void {
  const waiting = pending.get(host);
  if (waiting !== undefined) {
    waiting.push(answer);
    return;
  }
  pending.set(host, [answer]);
  system(host, { all: true }, (error, addresses) => {
    const answers = pending.get(host) ?? [];
    pending.delete(host);
    for (const one of answers) one(error, error === null ? addresses : []);
  });
}
