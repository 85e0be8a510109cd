import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { type CliResult, type RunningCli, startCli } from '../../src/testing/cli-process.js';

/** Entries of each log: several pages or tiles, and a part of one. */
export const SIZE = 2000;
export const PROTOCOLS = ['rfc6962', 'static-ct'] as const;
/** The endpoint that serves entries. */
export const ENTRIES = { rfc6962: 'get-entries', 'static-ct': 'tile-data' } as const;

/** A simulator with a log of each protocol, and a folder in which `export` runs. */
export class ExportHarness {
  private constructor(
    readonly folder: string,
    readonly simulator: CtLogSimulator,
  ) {}

  static async start(): Promise<ExportHarness> {
    const folder = mkdtempSync(join(tmpdir(), 'certstream-export-'));
    const simulator = await CtLogSimulator.start({
      logs: PROTOCOLS.map((protocol) => ({ name: protocol, protocol, initialEntries: SIZE })),
      certificates: 100,
    });
    writeFileSync(join(folder, 'list-key.pem'), simulator.publicKeyPem);
    return new ExportHarness(folder, simulator);
  }

  get out(): string {
    return join(this.folder, 'entries.jsonl');
  }

  start(args: readonly string[]): RunningCli {
    const { folder, simulator } = this;
    const env = {
      CERTSTREAM_LOG_LIST_URL: simulator.logListUrl,
      CERTSTREAM_LOG_LIST_SIGNATURE_URL: simulator.logListSignatureUrl,
      CERTSTREAM_LOG_LIST_PUBLIC_KEY_PATH: join(folder, 'list-key.pem'),
      CERTSTREAM_LOG_LIST_CACHE_FILE: join(folder, 'list-cache.json'),
    };
    return startCli(args, { cwd: folder, env });
  }

  run(args: readonly string[]): Promise<CliResult> {
    return this.start(args).ended;
  }

  /** Exports to {@link out}. */
  exported(log: SimulatedLog, ...more: string[]): Promise<CliResult> {
    return this.run(['export', '--log', log.url, '--out', this.out, ...more]);
  }

  /** Returns the indices in {@link out}. */
  written(): number[] {
    return indicesOf(readFileSync(this.out, 'utf8'));
  }

  async close(): Promise<void> {
    await this.simulator.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** Returns the messages of JSON lines. Each line must be complete. */
export function messages(text: string): CertificateUpdate[] {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as CertificateUpdate);
}

export function indicesOf(text: string): number[] {
  return messages(text).map(({ data }) => data.cert_index);
}

/** Returns the fingerprint of the submitted certificate as messages contain it. */
export function sha256Of(log: SimulatedLog, index: number): string {
  const digest = createHash('sha256').update(log.entry(index).submittedDer).digest('hex').toUpperCase();
  return digest.match(/../g)!.join(':');
}
