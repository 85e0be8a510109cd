import { hash } from 'node:crypto';
import { leafHash } from './merkle-tree.js';
import { completeRawEntry } from './raw-entry.js';
import type { CompleteRawEntry } from './raw-entry.js';
import { extraData, leafIndexExtension, tileLeafTail, uint } from './log-entry.js';
import type { LogEntryType, Submission } from './log-entry.js';

/** Encodes an entry for any index and timestamp. Several entries may share an implementation. */
export interface EntryContent {
  readonly type: LogEntryType;
  readonly domains: readonly string[];
  readonly submittedDer: Buffer;
  readonly chain: readonly Buffer[];
  readonly extraData: Buffer;
  readonly serialNumber?: Buffer;
  readonly profile?: string;
  leafInput(index: number, timestamp: number): Buffer;
  /** Returns the hash of the leaf in the Merkle tree. */
  leafHash(index: number, timestamp: number): Buffer;
  tileLeaf(index: number, timestamp: number): Buffer;
  /** Appends the parts of `{"leaf_input":...,"extra_data":...}` to `parts`. */
  json(index: number, timestamp: number, parts: Buffer[]): void;
  /** Returns the same entry with another leaf, for a forked history. */
  forked(): EntryContent;
}

/** Length of the MerkleTreeLeaf up to and including entry_type. It is a multiple of 3, so base64 can be cut there. */
const LEAF_HEADER_BYTES = 12;
const LEAF_HEADER_BASE64 = 16;
/** Offset of the timestamp in `0x00 | MerkleTreeLeaf`. */
const HASHED_TIMESTAMP = 3;
const JSON_START = '{"leaf_input":"';
/** The contents of all logs in this process, without and with leaf_index. */
const sharedContents = [new WeakMap<Submission, SubmissionContent>(), new WeakMap()] as const;

/** Encodes a submission. Parts that do not depend on index and timestamp are encoded once, at their first use. */
export class SubmissionContent implements EntryContent {
  readonly type: LogEntryType;
  readonly domains: readonly string[];
  readonly submittedDer: Buffer;
  readonly chain: readonly Buffer[];
  readonly serialNumber?: Buffer;
  readonly profile?: string;
  /** Input of the leaf hash, with the index and timestamp of the last use. */
  private readonly hashed: Buffer;
  private encodedTail?: Buffer;
  private encodedExtraData?: Buffer;
  private encodedTileTail?: Buffer;

  /** @param withLeafIndex whether the TimestampedEntry has the leaf_index extension (static-ct-api). */
  constructor(
    submission: Submission,
    private readonly withLeafIndex: boolean,
  ) {
    this.type = submission.type;
    this.domains = submission.domains;
    this.submittedDer = submission.submittedDer;
    this.chain = submission.chain;
    const extensions = withLeafIndex ? leafIndexExtension(0) : Buffer.alloc(0);
    const { signedEntry } = submission;
    this.hashed = Buffer.concat([
      Buffer.alloc(HASHED_TIMESTAMP + 8),
      signedEntry,
      uint(extensions.length, 2),
      extensions,
    ]);
    if (submission.serialNumber) this.serialNumber = submission.serialNumber;
    if (submission.profile) this.profile = submission.profile;
  }

  /** Returns the content of a submission. Logs with the same submission share its encoded parts. */
  static of(submission: Submission, withLeafIndex: boolean): SubmissionContent {
    const contents = sharedContents[withLeafIndex ? 1 : 0];
    const known = contents.get(submission);
    if (known) return known;
    const content = new SubmissionContent(submission, withLeafIndex);
    contents.set(submission, content);
    return content;
  }

  get extraData(): Buffer {
    this.encodedExtraData ??= extraData(this);
    return this.encodedExtraData;
  }

  private get tileTail(): Buffer {
    this.encodedTileTail ??= tileLeafTail(this);
    return this.encodedTileTail;
  }

  /** Writes index and timestamp into {@link hashed} and returns it: `0x00 | MerkleTreeLeaf` of that entry. */
  private fill(index: number, timestamp: number): Buffer {
    this.hashed.writeUIntBE(timestamp, HASHED_TIMESTAMP + 2, 6);
    if (this.withLeafIndex) this.hashed.writeUIntBE(index, this.hashed.length - 5, 5);
    return this.hashed;
  }

  leafHash(index: number, timestamp: number): Buffer {
    return hash('sha256', this.fill(index, timestamp), 'buffer');
  }

  leafInput(index: number, timestamp: number): Buffer {
    return Buffer.from(this.fill(index, timestamp).subarray(1));
  }

  tileLeaf(index: number, timestamp: number): Buffer {
    return Buffer.concat([this.fill(index, timestamp).subarray(HASHED_TIMESTAMP), this.tileTail]);
  }

  json(index: number, timestamp: number, parts: Buffer[]): void {
    if (this.withLeafIndex) {
      parts.push(jsonEntry(this.leafInput(index, timestamp), this.extraData));
      return;
    }
    this.encodedTail ??= jsonEntry(this.leafInput(index, timestamp), this.extraData).subarray(
      JSON_START.length + LEAF_HEADER_BASE64,
    );
    const header = Buffer.alloc(LEAF_HEADER_BYTES);
    header.writeUIntBE(timestamp, 4, 6);
    header[LEAF_HEADER_BYTES - 1] = this.type === 'precert_entry' ? 1 : 0;
    parts.push(Buffer.from(JSON_START + header.toString('base64'), 'latin1'), this.encodedTail);
  }

  forked(): EntryContent {
    return new ShiftedContent(this);
  }
}

/** An entry from a file, byte for byte. It ignores index and timestamp and keeps those of the file. */
export class RawContent implements EntryContent {
  readonly domains: readonly string[] = [];

  constructor(private readonly raw: CompleteRawEntry) {}

  get type(): LogEntryType {
    return this.raw.type;
  }

  get submittedDer(): Buffer {
    return this.raw.submittedDer;
  }

  get chain(): readonly Buffer[] {
    return this.raw.chain;
  }

  get extraData(): Buffer {
    return this.raw.extraData;
  }

  leafInput(): Buffer {
    return this.raw.leafInput;
  }

  leafHash(): Buffer {
    return leafHash(this.raw.leafInput);
  }

  tileLeaf(): Buffer {
    return this.raw.tileLeaf;
  }

  json(_index: number, _timestamp: number, parts: Buffer[]): void {
    parts.push(jsonEntry(this.raw.leafInput, this.raw.extraData));
  }

  forked(): EntryContent {
    const leafInput = Buffer.from(this.raw.leafInput);
    if (leafInput.length >= 10) leafInput[9] = (leafInput[9] ?? 0) ^ 1;
    const { extraData: extra } = this.raw;
    return new RawContent(completeRawEntry({ leafInput, extraData: extra }, () => undefined));
  }
}

/** A submission with a timestamp one millisecond later, for another history. */
class ShiftedContent implements EntryContent {
  readonly type: LogEntryType;
  readonly domains: readonly string[];
  readonly submittedDer: Buffer;
  readonly chain: readonly Buffer[];

  constructor(private readonly original: SubmissionContent) {
    ({
      type: this.type,
      domains: this.domains,
      submittedDer: this.submittedDer,
      chain: this.chain,
    } = original);
  }

  get extraData(): Buffer {
    return this.original.extraData;
  }

  leafInput(index: number, timestamp: number): Buffer {
    return this.original.leafInput(index, timestamp + 1);
  }

  leafHash(index: number, timestamp: number): Buffer {
    return this.original.leafHash(index, timestamp + 1);
  }

  tileLeaf(index: number, timestamp: number): Buffer {
    return this.original.tileLeaf(index, timestamp + 1);
  }

  json(index: number, timestamp: number, parts: Buffer[]): void {
    this.original.json(index, timestamp + 1, parts);
  }

  forked(): EntryContent {
    return this.original;
  }
}

export function jsonEntry(leafInput: Buffer, extra: Buffer): Buffer {
  const text = `${JSON_START}${leafInput.toString('base64')}","extra_data":"${extra.toString('base64')}"}`;
  return Buffer.from(text, 'latin1');
}
