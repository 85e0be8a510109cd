import { setImmediate as turn } from 'node:timers/promises';
import type { CertificateEntry } from '../certificate/certificate-entry.js';
import type { EntryFilter } from '../filter/entry-filter.js';
import { SingleFilter } from '../filter/single-filter.js';

/** Reports whether a client may get an entry. */
export type EntryPermission = (entry: CertificateEntry) => boolean;

/** The filters of access tokens, each prepared at its first request. */
const prepared = new WeakMap<EntryFilter, Promise<SingleFilter>>();

/**
 * Returns the permission that the filter of an access token gives.
 * @param filter undefined for a client that may get all entries.
 */
export async function permissionOf(filter: EntryFilter | undefined): Promise<EntryPermission> {
  if (filter === undefined) return () => true;
  const known = prepared.get(filter) ?? SingleFilter.of(filter, turn);
  prepared.set(filter, known);
  const single = await known;
  return (entry) => single.match(entry.alone()).length > 0;
}
