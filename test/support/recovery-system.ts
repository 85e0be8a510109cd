import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatStateFile, type SavedLog } from '../../src/ct-log/state/state-file.js';
import type { LogReport } from '../../src/ct-log/following/log-report.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { LogIndices } from './log-indices.js';
import { TestSystem } from '../../src/testing/test-system.js';

/** Number of entries in each log before the server starts. */
export const INITIAL = 300;

/**
 * One log of each kind, and a server that keeps its state, retries gaps often and serves metrics on the port of the
 * streams.
 */
export class RecoverySystem {
  system!: TestSystem;
  /** `general.recovery` in addition to the file paths; read at each start. */
  readonly recovery: Record<string, unknown> = { gap_retry_seconds: 0.1 };
  /** Read at each start. */
  prometheus: Record<string, unknown> = { enabled: true, listen_addr: '127.0.0.1' };

  static async prepare(): Promise<RecoverySystem> {
    const prepared = new RecoverySystem();
    prepared.system = await TestSystem.prepare({
      logs: [
        { name: 'rfc', initialEntries: INITIAL, pageSize: 64 },
        { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
      ],
      config: () => ({
        general: { recovery: { enabled: true, ct_index_file: prepared.indexFile, ...prepared.recovery } },
        prometheus: prepared.prometheus,
      }),
    });
    return prepared;
  }

  get indexFile(): string {
    return join(this.system.folder, 'ct_index.json');
  }

  get stateFile(): string {
    return join(this.system.folder, 'ct_state.json');
  }

  get logs(): SimulatedLog[] {
    return this.system.simulator.logs;
  }

  /** Starts the server and collects all indices that it streams. */
  async observe(): Promise<LogIndices> {
    const endpoint = ['get-sth', 'checkpoint'] as const;
    const handles = this.logs.map((log) => log.faults.add({ kind: 'stall', afterBytes: 0, endpoint }));
    await this.system.startServer();
    const indices = new LogIndices(await this.system.connect('/'));
    handles.forEach((handle) => handle.remove());
    await this.system.following();
    return indices;
  }

  grow(count: number): void {
    for (const log of this.logs) {
      log.append(count);
      log.publish();
    }
  }

  /** Returns the report on a log from `GET /logs`. */
  async report(log: SimulatedLog): Promise<LogReport> {
    const { logs } = (await (await this.system.get('/logs')).json()) as { logs: LogReport[] };
    return logs.find(({ url }) => log.url === `${url}/`)!;
  }

  /** Resolves when the report of each log in `GET /logs` satisfies the condition. */
  reported(condition: (report: LogReport) => boolean, what: string): Promise<void> {
    return this.system.eventually(
      async () => (await Promise.all(this.logs.map((log) => this.report(log)))).every(condition),
      what,
    );
  }

  /** Writes a state file with the same state for both logs. */
  saveState(saved: Partial<SavedLog>, asOf = Date.now()): void {
    const state = new Map(this.logs.map((log) => [keyOf(log), { asOf, gaps: [], ...saved }]));
    writeFileSync(this.stateFile, formatStateFile({ logs: state, indexFiles: [] }, asOf));
  }
}

export function keyOf(log: SimulatedLog): string {
  return log.url.replace(/^http:\/\/|\/$/g, '');
}
