import { spawnSync } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { LogProtocol } from '../../src/certificate/certificate-message.js';
import type { ForeignProcess } from './foreign-process.js';

/** A web server that publishes a log. */
export interface LogFront {
  readonly name: string;
  /** The log as the server follows it. */
  readonly url: string;
  /** undefined if the log itself answers. */
  readonly process?: ForeignProcess;
}

/** A tree head as the log has signed it. */
export interface PublishedHead {
  readonly size: number;
  readonly rootHash: Buffer;
}

/** Log software of others, which a test starts, kills and starts again. */
export interface RealLog {
  readonly name: string;
  readonly protocol: LogProtocol;
  /** The URL that accepts submissions, without the log's own path. */
  readonly submissionUrl: string;
  /** Path of the log below that URL, with a slash at the beginning if it is not empty. */
  readonly path: string;
  readonly publicKey: KeyObject;
  /** Whether the entry of a precertificate with the poison alone has an empty list of extensions, or none. */
  readonly hasEmptyExtensions: boolean;
  /** Keys of the log in the configuration of the server. */
  readonly config: Readonly<Record<string, string>>;
  readonly process: ForeignProcess;
  head(): Promise<PublishedHead>;
  /** Starts the web servers that the server uses. Those whose program is missing are left out after one line. */
  startFronts(): Promise<readonly LogFront[]>;
  close(): Promise<void>;
}

export interface RealLogPlace {
  /** Path of the program. */
  readonly program: string;
  /** A new folder of the test. */
  readonly folder: string;
  readonly rootsPem: string;
}

/** Returns the path of log software after its build, which may take minutes the first time; undefined after one line if it is missing. */
export function findLogSoftware(name: 'tesseract' | 'ctfe'): string | undefined {
  const skipped = `SKIPPED ${name} in test/long/real-logs.test.ts`;
  if (spawnSync('go', ['version']).status !== 0) {
    console.warn(`${skipped}: Go is missing, which builds the log; install Go 1.25 or newer`);
    return undefined;
  }
  const script = join(import.meta.dirname, 'fetch-log-software.sh');
  const { status, stdout, stderr } = spawnSync('bash', [script, name], { encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  console.warn(`${skipped}: Go cannot build it: ${stderr.trim().split('\n').at(-1)}`);
  return undefined;
}
