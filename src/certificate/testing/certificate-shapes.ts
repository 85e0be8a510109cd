import { DerReader } from '../der-reader.js';
import { chainOf, type TestEntry } from './log-entries.js';

/** Returns the TBSCertificate of a certificate. Other bytes are returned unchanged. */
export function tbsOf(der: Buffer): Buffer {
  const reader = new DerReader();
  reader.open(der);
  if (!reader.read(0, der.length)) return der;
  const { start, end } = reader;
  return reader.read(start, end) ? der.subarray(start, reader.end) : der;
}

/** Returns entries that have `blob` in every place where a log puts a certificate. */
export function shapesOf(blob: Buffer): TestEntry[] {
  const nothing = Buffer.alloc(0);
  return [
    { timestamp: 0, submitted: blob, chain: nothing },
    { timestamp: 0, submitted: blob, tbs: tbsOf(blob), chain: nothing },
    { timestamp: 0, submitted: nothing, tbs: blob, chain: nothing },
    { timestamp: 0, submitted: nothing, chain: chainOf(blob) },
    { timestamp: 0, submitted: nothing, chain: blob },
  ];
}
