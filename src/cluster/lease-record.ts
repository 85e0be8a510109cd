import { parseBoundedJson } from '../kernel/bounded-json.js';
import { isMemberId } from './member-beat.js';

/** The owner in the record of a lease. null: no member holds it. undefined: the record is damaged, or another version wrote it. */
export type LeaseOwner = string | null | undefined;

/** Version of the format. Newer versions may add keys; one that changes the meaning of a key has another number. */
const VERSION = 1;

/** Returns the value of the record of a lease. */
export function encodeLease(owner: string | null): Buffer {
  return Buffer.from(JSON.stringify({ v: VERSION, owner }));
}

/** Reads the value of the record of a lease, which may be damaged. */
export function decodeLease(value: Uint8Array): LeaseOwner {
  try {
    const octets = Buffer.from(value.buffer, value.byteOffset, value.length);
    const record = parseBoundedJson(octets, { maxStructure: 100 }) as {
      readonly v?: unknown;
      readonly owner?: unknown;
    } | null;
    const { v, owner } = record ?? {};
    if (v !== undefined && v !== VERSION) return undefined;
    return owner === null || isMemberId(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}
