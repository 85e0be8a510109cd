import { completeRawEntry, type CompleteRawEntry, entryType } from '../log/raw-entry.js';
import { extraData, type LogEntryType } from '../log/log-entry.js';
import { flipLastByte } from './fault-heads.js';
import type { EntryEdit, FaultHooks, ServedEntry } from '../log/request-context.js';

/** Faults of get-entries pages and data tiles. `at` counts from the start of the page or tile. */
export type EntryFault =
  | { readonly kind: 'short-page'; readonly count: number }
  | { readonly kind: 'empty-page' }
  /** The requested entries and `extra` more (default 1). */
  | { readonly kind: 'too-many-entries'; readonly extra?: number }
  /** The entry at `at` (default 0) is repeated, and the last entry is cut off. */
  | { readonly kind: 'duplicate-entry'; readonly at?: number }
  /** The entry at `at` (default 0) is missing. */
  | { readonly kind: 'skip-entry'; readonly at?: number }
  /** The entry at `at` (default 0) and the next one are swapped. */
  | { readonly kind: 'reorder-entries'; readonly at?: number }
  /** One bit of the leaf's certificate is wrong. `type` selects the first entry of that type from `at` on. */
  | { readonly kind: 'flip-leaf'; readonly at?: number; readonly type?: LogEntryType }
  /** One bit of the TBSCertificate of the first submitted precertificate from `at` on is wrong. */
  | { readonly kind: 'flip-precertificate'; readonly at?: number }
  /** The first precert_entry from `at` on has a chain without its first certificate, as if another CA had issued it. */
  | { readonly kind: 'other-issuer'; readonly at?: number }
  /** One bit of the chain, or in a tile of the last fingerprint, is wrong. */
  | { readonly kind: 'flip-chain'; readonly at?: number };

/** The OBJECT IDENTIFIER 2.5.29.x without its last byte. */
const EXTENSION_TYPE = Buffer.from('0603551d', 'hex');

export function entryHooks(fault: EntryFault): FaultHooks {
  const edit = entryEdit(fault);
  return { prepare: (context) => void context.entryEdits.push(edit) };
}

function entryEdit(fault: EntryFault): EntryEdit {
  switch (fault.kind) {
    case 'short-page':
      return (entries) => entries.slice(0, fault.count);
    case 'empty-page':
      return () => [];
    case 'too-many-entries':
      return (entries, following) => [...entries, ...following(fault.extra ?? 1)];
    case 'duplicate-entry':
      return (entries) => duplicate(entries, fault.at ?? 0);
    case 'skip-entry':
      return (entries) => entries.toSpliced(fault.at ?? 0, 1);
    case 'reorder-entries':
      return (entries) => swap(entries, fault.at ?? 0);
    case 'flip-leaf':
      return (entries) => replace(entries, firstFrom(entries, fault.at, fault.type), flipLeaf);
    case 'flip-precertificate':
      return (entries) => replace(entries, firstFrom(entries, fault.at, 'precert_entry'), flipPrecertificate);
    case 'other-issuer':
      return (entries) => replace(entries, firstFrom(entries, fault.at, 'precert_entry'), otherIssuer);
    case 'flip-chain':
      return (entries) => replace(entries, fault.at ?? 0, flipChain);
  }
}

function duplicate(entries: ServedEntry[], at: number): ServedEntry[] {
  return [...entries.slice(0, at + 1), ...entries.slice(at, -1)];
}

function swap(entries: ServedEntry[], at: number): ServedEntry[] {
  const pair = entries.slice(at, at + 2).toReversed();
  return entries.toSpliced(at, pair.length, ...pair);
}

function replace(
  entries: ServedEntry[],
  at: number,
  change: (entry: ServedEntry) => ServedEntry,
): ServedEntry[] {
  return entries.map((entry, index) => (index === at ? change(entry) : entry));
}

/** Returns the position of the first entry of this type from `at` on. */
function firstFrom(entries: readonly ServedEntry[], at = 0, type?: LogEntryType): number {
  return entries.findIndex(
    (entry, i) => i >= at && (type === undefined || entryType(entry.leafInput) === type),
  );
}

/** Flips a bit in the type of an extension. */
function flipPrecertificate(entry: ServedEntry): ServedEntry {
  return withExtraData(entry, ({ submittedDer, ...parts }) => {
    const extensions = submittedDer.indexOf(EXTENSION_TYPE);
    return { ...parts, submittedDer: flipBit(submittedDer, extensions + EXTENSION_TYPE.length) };
  });
}

function otherIssuer(entry: ServedEntry): ServedEntry {
  return withExtraData(entry, ({ chain, ...parts }) => ({ ...parts, chain: chain.slice(1) }));
}

/** Returns the same leaf with other extra data, in both forms. */
function withExtraData(
  { leafInput, extraData: served }: ServedEntry,
  change: (parts: CompleteRawEntry) => Pick<CompleteRawEntry, 'type' | 'submittedDer' | 'chain'>,
): ServedEntry {
  const parts = completeRawEntry({ leafInput, extraData: served }, () => undefined);
  return completeRawEntry({ leafInput, extraData: extraData(change(parts)) }, () => undefined);
}

/** Flips the same bit in both forms, in the last byte of the leaf's signed certificate or TBSCertificate. */
function flipLeaf(entry: ServedEntry): ServedEntry {
  const offset = signedEntryEnd(entry.leafInput) - 1;
  return {
    leafInput: flipBit(entry.leafInput, offset),
    extraData: entry.extraData,
    tileLeaf: flipBit(entry.tileLeaf, offset - 2),
  };
}

/**
 * Returns the end of the signed entry in a MerkleTreeLeaf. Its u24 length is at 12 (x509_entry) or at 44
 * (precert_entry).
 */
function signedEntryEnd(leafInput: Buffer): number {
  const lengthAt = leafInput.length > 47 && leafInput.readUInt16BE(10) === 1 ? 44 : 12;
  return leafInput.length < lengthAt + 3
    ? leafInput.length
    : lengthAt + 3 + leafInput.readUIntBE(lengthAt, 3);
}

function flipBit(bytes: Buffer, offset: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[offset] = (flipped[offset] ?? 0) ^ 1;
  return flipped;
}

function flipChain(entry: ServedEntry): ServedEntry {
  return {
    leafInput: entry.leafInput,
    extraData: flipLastByte(entry.extraData),
    tileLeaf: flipLastByte(entry.tileLeaf),
  };
}
