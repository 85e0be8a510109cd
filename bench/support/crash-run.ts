import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { RunOfLog } from './crash-tally.js';
import type { ServerFiles } from './server-files.js';
import { type ServerCommand, ServerProcess } from './server-process.js';
import { VerifyingClient } from './verifying-client.js';

/** The time at which a server is killed. */
export interface KillMoment {
  /** `starting`: the process has been started. `streaming`: a client is connected. `saving`: the server has touched a state file. */
  readonly during: 'starting' | 'streaming' | 'saving';
  /** Milliseconds after that event. */
  readonly afterMs: number;
}

/** Positions of entries streamed this long before a kill must be on disk: the save interval plus some time for a busy machine. */
export const SAVED_WITHIN_MS = 7000;
const SAMPLE_MS = 100;
const LONGEST_WAIT_MS = 20_000;

/** One run of the server with a client that is connected until the end. */
export class CrashRun {
  readonly client = new VerifyingClient('lite');
  readonly server: ServerProcess;
  private readonly samples: { readonly at: number; readonly next: ReadonlyMap<string, number> }[] = [];
  private readonly sampling: NodeJS.Timeout;
  private readonly release: () => void;

  constructor(
    simulator: CtLogSimulator,
    private readonly files: ServerFiles,
    command?: ServerCommand,
  ) {
    this.release = holdBack(simulator);
    this.server = ServerProcess.spawn(files.configFile, files.port, files.logFile, command);
    this.sampling = setInterval(() => {
      this.samples.push({ at: Date.now(), next: new Map(this.client.next) });
      if (this.samples.length > (2 * SAVED_WITHIN_MS) / SAMPLE_MS) this.samples.shift();
    }, SAMPLE_MS);
  }

  /** Connects the client and then lets the logs answer, so that the client receives every streamed entry. */
  async begin(): Promise<void> {
    await this.server.answers();
    await this.client.connect(this.server.url);
    this.release();
  }

  /** Lets the server run until `moment`, then kills it. Resolves with the ranges that the client received. */
  async killAt(moment: KillMoment): Promise<Map<string, RunOfLog>> {
    const began = this.begin().catch((error: unknown) => error);
    if (moment.during !== 'starting') await began;
    if (moment.during === 'saving') await this.nextSave();
    await Promise.race([delay(moment.afterMs), this.server.ended]);
    return this.kill();
  }

  private async nextSave(): Promise<void> {
    const giveUp = AbortSignal.timeout(LONGEST_WAIT_MS);
    const watcher = watch(this.files.folder);
    const isState = (name: string | null): boolean => /^ct_index|state/.test(name ?? '');
    try {
      for (;;) {
        const [, name] = (await once(watcher, 'change', { signal: giveUp })) as [string, string | null];
        if (isState(name)) return;
      }
    } catch {
      // The server saved nothing in that time. It is killed nevertheless.
    } finally {
      watcher.close();
    }
  }

  async kill(): Promise<Map<string, RunOfLog>> {
    const closed = this.client.closed();
    const killedAt = Date.now();
    await this.server.kill();
    await closed;
    this.end();
    return this.streamed(killedAt - SAVED_WITHIN_MS);
  }

  end(): void {
    clearInterval(this.sampling);
    this.release();
  }

  /** @param savedAt entries received before this time must have been saved */
  streamed(savedAt = 0): Map<string, RunOfLog> {
    const saved = this.samples.findLast(({ at }) => at <= savedAt)?.next;
    const logs = new Map<string, RunOfLog>();
    for (const [url, first] of this.client.first) {
      const end = this.client.next.get(url) ?? first;
      logs.set(url, { first, end, savedAtLeast: saved?.get(url) ?? 0 });
    }
    return logs;
  }
}

/** Stalls all requests for heads until the returned function is called. */
function holdBack(simulator: CtLogSimulator): () => void {
  const endpoint = ['get-sth', 'checkpoint'] as const;
  const stalls = simulator.logs.map((log) => log.faults.add({ kind: 'stall', afterBytes: 0, endpoint }));
  return () => stalls.forEach((stall) => stall.remove());
}

/** Returns the state files that are not JSON, or a message that there is no positions file. */
export function damagedFiles({ folder, indexFile }: ServerFiles): string[] {
  if (!existsSync(indexFile)) return [`${indexFile} does not exist`];
  return readdirSync(folder)
    .filter((name) => /^ct_index.*json$|state.*json$/.test(name))
    .filter((name) => !isJson(readFileSync(join(folder, name), 'utf8')));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
