import { verify } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { leafIndexExtension, uint } from '../../src/simulator/log/log-entry.js';
import { logIdOf } from './entry-record.js';
import type { RealLog } from './real-log.js';
import type { RealSubmission } from './submissions.js';

/** Longest time in which a submission is tried again. */
const GIVE_UP_MS = 90_000;
const RETRY_MS = 100;
/** Longest time until an answer has arrived. A log that was killed may leave a request without one. */
const ANSWER_MS = 15_000;

/** An entry that the log has promised. */
export interface PromisedEntry {
  readonly submission: RealSubmission;
  /** undefined if the SCT does not name it (RFC 6962). */
  readonly index: number | undefined;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** MerkleTreeLeaf (RFC 6962, 3.4). */
  readonly leaf: Buffer;
}

/** Answer of add-chain and add-pre-chain (RFC 6962, 4.1). */
interface SctAnswer {
  readonly id: string;
  readonly timestamp: number;
  readonly extensions: string;
  readonly signature: string;
}

/** Submits certificates to a log, and keeps the entries that it promises with signed certificate timestamps. */
export class LogSubmitter {
  /** Promised entries by SHA-256 of the certificate. */
  readonly promised = new Map<string, PromisedEntry>();
  /** SHA-256 of the certificates whose request failed at least once: the log may have them twice. */
  readonly uncertain = new Set<string>();
  readonly mistakes: string[] = [];
  duplicates = 0;
  private turn = 0;

  /** @param urls base URLs that accept submissions, used in turn. */
  constructor(
    private readonly log: RealLog,
    private readonly urls: readonly string[],
  ) {}

  /** Submits certificates, up to `parallel` at the same time. */
  async submitAll(submissions: readonly RealSubmission[], parallel: number): Promise<void> {
    const rest = [...submissions];
    const work = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = rest.shift()) await this.submit(next);
    };
    await Promise.all(Array.from({ length: parallel }, work));
  }

  /** Submits a certificate until the log answers. */
  async submit(submission: RealSubmission): Promise<void> {
    const deadline = Date.now() + GIVE_UP_MS;
    for (;;) {
      const answer = await this.post(submission);
      if (answer === 'refused') return;
      if (answer !== undefined) return this.keep(submission, answer);
      this.uncertain.add(submission.sha256);
      if (Date.now() > deadline) {
        this.mistakes.push(`${submission.shape}: the log does not answer`);
        return;
      }
      await delay(RETRY_MS);
    }
  }

  /** @returns undefined when another try may help. */
  private async post({ type, chain, shape }: RealSubmission): Promise<SctAnswer | 'refused' | undefined> {
    const { urls } = this;
    const path = type === 'x509_entry' ? 'add-chain' : 'add-pre-chain';
    const body = JSON.stringify({ chain: chain.map((der) => der.toString('base64')) });
    try {
      const url = `${urls[this.turn++ % urls.length]}/ct/v1/${path}`;
      const signal = AbortSignal.timeout(ANSWER_MS);
      const answer = await fetch(url, {
        signal,
        method: 'POST',
        body,
        headers: { 'Content-Type': 'application/json' },
      });
      if (answer.ok) return (await answer.json()) as SctAnswer;
      const text = await answer.text();
      if (answer.status !== 400) return undefined;
      this.mistakes.push(`the log refuses the ${type} '${shape}': ${text.trim().slice(0, 200)}`);
      return 'refused';
    } catch {
      return undefined;
    }
  }

  private keep(submission: RealSubmission, answer: SctAnswer): void {
    const { log } = this;
    const extensions = Buffer.from(answer.extensions, 'base64');
    const leaf = merkleTreeLeaf(submission, answer.timestamp, extensions);
    const name = `the SCT of '${submission.shape}'`;
    // digitally-signed has two octets for the algorithms and two for the length; its input equals the MerkleTreeLeaf.
    const signature = Buffer.from(answer.signature, 'base64').subarray(4);
    if (answer.id !== logIdOf(log).toString('base64')) this.mistakes.push(`${name} is of another log`);
    if (!verify('sha256', leaf, log.publicKey, signature))
      this.mistakes.push(`${name} (${submission.type}) does not sign the expected entry`);
    const index = indexOf(extensions);
    if ((log.protocol === 'tiled') !== (index !== undefined))
      this.mistakes.push(`${name} names the index ${index}`);
    const entry = { submission, index, timestamp: answer.timestamp, leaf };
    const earlier = this.promised.get(submission.sha256);
    this.promised.set(submission.sha256, entry);
    if (earlier !== undefined) this.duplicates++;
    if (earlier !== undefined && earlier.timestamp !== entry.timestamp)
      this.mistakes.push(`${name} has another timestamp than the SCT before it`);
  }
}

/** Encodes a MerkleTreeLeaf of version 1. */
export function merkleTreeLeaf(
  { signedEntry }: RealSubmission,
  timestamp: number,
  extensions: Buffer,
): Buffer {
  return Buffer.concat([
    Buffer.from([0, 0]),
    uint(timestamp, 8),
    signedEntry,
    uint(extensions.length, 2),
    extensions,
  ]);
}

function indexOf(extensions: Buffer): number | undefined {
  const index = extensions.length === 8 ? extensions.readUIntBE(3, 5) : -1;
  return index >= 0 && leafIndexExtension(index).equals(extensions) ? index : undefined;
}
