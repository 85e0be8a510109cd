import { createPublicKey, generateKeyPairSync, hash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { SimulatedLog } from './simulated-log.js';

/** Contents of `/log_list.json` and `/log_list.sig`. */
export interface SignedLogList {
  readonly json: Buffer;
  /** RSA PKCS#1 v1.5 signature with SHA-256 over the bytes of {@link json}. */
  readonly signature: Buffer;
}

/** Faults of the list, which can be set at run time. */
export interface LogListFaults {
  /** `other-key`: a valid signature by a key that is not the published one. */
  signature: 'good' | 'bad' | 'other-key';
  /**
   * `empty`: a correct list without operators. `not-json`: a correctly signed text that is not JSON. `null`: every field that may
   * be missing is null. `odd`: every such field has a value of another type.
   */
  content: 'good' | 'empty' | 'not-json' | 'null' | 'odd';
}

let sharedKey: KeyObject | undefined;

/**
 * Returns the list key. It is generated once per process at its first use, since an RSA key takes a quarter of a
 * second.
 */
function listKey(): KeyObject {
  sharedKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  return sharedKey;
}

/** The signed log list v3 of one simulator. Each change gives it a new version. */
export class LogListDocument {
  readonly faults: LogListFaults = { signature: 'good', content: 'good' };
  private version = 0;
  private fingerprint = '';
  private current?: SignedLogList;

  get publicKeyPem(): string {
    return createPublicKey(listKey()).export({ type: 'spki', format: 'pem' }).toString();
  }

  render(logs: readonly SimulatedLog[]): SignedLogList {
    const { content } = this.faults;
    const operators =
      content === 'empty' || content === 'not-json' ? [] : operatorsOf(logs).map(sparse(content));
    const fingerprint = hash('sha256', JSON.stringify([operators, this.faults]));
    if (this.current && fingerprint === this.fingerprint) return this.current;
    this.fingerprint = fingerprint;
    this.version++;
    const text =
      content === 'not-json'
        ? '<html>not a log list</html>'
        : JSON.stringify(
            { version: `1.${this.version}`, log_list_timestamp: new Date().toISOString(), operators },
            null,
            2,
          );
    const json = Buffer.from(text);
    this.current = { json, signature: this.sign(json) };
    return this.current;
  }

  private sign(json: Buffer): Buffer {
    if (this.faults.signature === 'other-key') {
      return sign('sha256', json, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    }
    const signature = sign('sha256', json, listKey());
    if (this.faults.signature === 'bad') signature[0] = (signature[0] ?? 0) ^ 1;
    return signature;
  }
}

interface ListedOperator {
  readonly name: string;
  readonly email: readonly string[];
  readonly logs: readonly object[];
  readonly tiled_logs: readonly object[];
}

/** Returns a function that replaces the fields of an operator that may be missing, if `content` says so. */
function sparse(content: LogListFaults['content']): (operator: ListedOperator) => object {
  if (content !== 'null' && content !== 'odd') return (operator) => operator;
  const odd = content === 'null' ? null : { odd: true };
  const log = (listed: object): object => ({ ...listed, description: odd, mmd: odd, log_type: odd });
  const logs = (listed: readonly object[]): unknown => (listed.length === 0 ? odd : listed.map(log));
  return ({ name, logs: own, tiled_logs: tiled }) => ({
    name,
    email: odd,
    logs: logs(own),
    tiled_logs: logs(tiled.map((each) => ({ ...each, submission_url: odd }))),
  });
}

function operatorsOf(logs: readonly SimulatedLog[]): ListedOperator[] {
  const listed = logs.filter((log) => log.listed);
  const names = [...new Set(listed.map((log) => log.options.operator))];
  return names.map((name) => {
    const own = listed.filter((log) => log.options.operator === name);
    return {
      name,
      email: ['ct-logs@simulator.example'],
      logs: own.filter((log) => log.options.listedAs === 'logs').map(rfc6962Log),
      tiled_logs: own.filter((log) => log.options.listedAs === 'tiled_logs').map(tiledLog),
    };
  });
}

function rfc6962Log(log: SimulatedLog): object {
  return { ...identity(log), url: log.url, ...policy(log) };
}

function tiledLog(log: SimulatedLog): object {
  return { ...identity(log), submission_url: log.submissionUrl, monitoring_url: log.url, ...policy(log) };
}

function identity(log: SimulatedLog): object {
  return {
    description: log.options.description,
    log_id: log.listedKey.logId.toString('base64'),
    key: log.listedKey.spki.toString('base64'),
  };
}

function policy(log: SimulatedLog): object {
  return {
    mmd: log.options.mmd,
    log_type: 'prod',
    ...(log.state && { state: { [log.state]: stateOf(log) } }),
  };
}

function stateOf(log: SimulatedLog): object {
  const timestamp = new Date(log.stateTimestamp).toISOString().replace(/\.\d+Z$/, 'Z');
  if (log.state !== 'readonly') return { timestamp };
  const { treeSize, rootHash } = log.head;
  return {
    timestamp,
    final_tree_head: { tree_size: treeSize, sha256_root_hash: rootHash.toString('base64') },
  };
}
