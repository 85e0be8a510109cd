import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { CtLogSimulator } from '../ct-log-simulator.js';
import type { SimulatedLog } from '../simulated-log.js';

export const STH = 'ct/v1/get-sth';
export const PAGE = 'ct/v1/get-entries?start=0&end=9';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** The error that cut off the body. */
  readonly error?: Error;
}

export interface PageEntry {
  readonly leaf_input: string;
  readonly extra_data: string;
}

/**
 * A hybrid log of 20 entries with published heads at 10 and 20, and an HTTP client that shows every detail of an
 * answer.
 */
export class LogFixture {
  private constructor(
    readonly simulator: CtLogSimulator,
    readonly log: SimulatedLog,
  ) {}

  static async start(): Promise<LogFixture> {
    const simulator = await CtLogSimulator.start({ certificates: 20 });
    const log = simulator.addLog({ name: 'log', protocol: 'hybrid', initialEntries: 10, gzipTiles: false });
    log.append(10);
    log.publish();
    return new LogFixture(simulator, log);
  }

  /** Requests a path and returns the answer with its body not decoded. */
  async get(path: string, log = this.log): Promise<Answer> {
    const outgoing = request(log.url + path).end();
    outgoing.on('error', () => undefined);
    const [message] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    let error: Error | undefined;
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer);
    } catch (cause) {
      error = cause as Error;
    }
    const { statusCode: status = 0, headers } = message;
    return { status, headers, body: Buffer.concat(chunks), ...(error && { error }) };
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.get(path)).body.toString()) as T;
  }

  /** Requests get-sth and checks its signature with the log's key over the bytes of RFC 6962, 3.5. */
  async sth(): Promise<{ size: number; timestamp: number; root: Buffer; isSigned: boolean }> {
    const json = await this.json<{
      tree_size: number;
      timestamp: number;
      sha256_root_hash: string;
      tree_head_signature: string;
    }>(STH);
    const { tree_size: size, timestamp } = json;
    const root = Buffer.from(json.sha256_root_hash, 'base64');
    const input = Buffer.alloc(50);
    input[1] = 1;
    input.writeBigUInt64BE(BigInt(timestamp), 2);
    input.writeBigUInt64BE(BigInt(size), 10);
    root.copy(input, 18);
    const key = createPublicKey({ key: this.log.key.spki, format: 'der', type: 'spki' });
    const signature = Buffer.from(json.tree_head_signature, 'base64').subarray(4);
    return { size, timestamp, root, isSigned: verify('sha256', input, key, signature) };
  }

  async page(path = PAGE): Promise<PageEntry[]> {
    return (await this.json<{ entries: PageEntry[] }>(path)).entries;
  }

  /** Returns the index in the log of each entry of the page of 10, or -1 for an entry that is not in the log. */
  async indices(): Promise<number[]> {
    const known = Array.from({ length: this.log.size }, (_, i) =>
      this.log.entry(i).leafInput.toString('base64'),
    );
    return (await this.page()).map(({ leaf_input }) => known.indexOf(leaf_input));
  }
}
