import { hash } from 'node:crypto';
import type { LogKey } from './log-key.js';

/** A signed tree head of a simulated log in both forms. */
export interface TreeHead {
  readonly treeSize: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** 32 bytes. */
  readonly rootHash: Buffer;
  /** TLS DigitallySigned over the TreeHeadSignature (RFC 6962, 3.5). */
  readonly signature: Buffer;
}

export function signTreeHead(key: LogKey, treeSize: number, timestamp: number, rootHash: Buffer): TreeHead {
  const signature = key.digitallySign(treeHeadSignatureInput(treeSize, timestamp, rootHash));
  return { treeSize, timestamp, rootHash, signature };
}

/** Returns the 50 signed bytes: version 0, signature_type tree_hash 1, timestamp, tree_size, root (RFC 6962, 3.5). */
function treeHeadSignatureInput(treeSize: number, timestamp: number, rootHash: Buffer): Buffer {
  const input = Buffer.alloc(50);
  input[1] = 1;
  input.writeBigUInt64BE(BigInt(timestamp), 2);
  input.writeBigUInt64BE(BigInt(treeSize), 10);
  rootHash.copy(input, 18);
  return input;
}

/** Returns the body of get-sth (RFC 6962, 4.3). */
export function sthJson(head: TreeHead): string {
  return JSON.stringify({
    tree_size: head.treeSize,
    timestamp: head.timestamp,
    sha256_root_hash: head.rootHash.toString('base64'),
    tree_head_signature: head.signature.toString('base64'),
  });
}

/**
 * Returns the checkpoint of static-ct-api as a signed note. Like real checkpoints, it has a line of another signer
 * before the log's own line. A client ignores lines with an unknown key name or key id.
 * @param origin submission prefix without scheme and trailing slash.
 */
export function checkpointNote(head: TreeHead, origin: string, logId: Buffer): string {
  const keyId = hash('sha256', Buffer.concat([Buffer.from(`${origin}\n\x05`), logId]), 'buffer').subarray(
    0,
    4,
  );
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64BE(BigInt(head.timestamp));
  const blob = Buffer.concat([keyId, timestamp, head.signature]).toString('base64');
  const grease = hash('sha256', head.rootHash, 'buffer').toString('base64');
  const text = `${origin}\n${head.treeSize}\n${head.rootHash.toString('base64')}\n`;
  return `${text}\n\u2014 grease.invalid ${grease}\n\u2014 ${origin} ${blob}\n`;
}
