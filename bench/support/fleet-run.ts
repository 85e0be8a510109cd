import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamKind } from '../../src/certificate/certificate-batch.js';
import { type FleetGroup, type FleetReport, LogFleet } from './log-fleet.js';
import { type ServerFiles, prepareServer } from './server-files.js';
import { ServerProcess } from './server-process.js';
import { VerifyingClient } from './verifying-client.js';

export interface FleetRunOptions {
  /** Prefix of the name of the folder with the files of the run. */
  readonly name: string;
  readonly groups: readonly FleetGroup[];
  /** Stream of each client. */
  readonly clients: readonly StreamKind[];
  /** Additional configuration of the server by section. */
  readonly sections?: Readonly<Record<string, object>>;
  /** Called before the server starts. */
  readonly prepare?: (files: ServerFiles, report: FleetReport) => void;
}

/** Runs simulated logs, the built server and clients. The logs and the server have processes of their own. */
export class FleetRun {
  private exitCode: number | null | undefined;

  private constructor(
    readonly fleet: LogFleet,
    readonly files: ServerFiles,
    readonly server: ServerProcess,
    readonly clients: readonly VerifyingClient[],
  ) {}

  /** Resolves when every client is connected and every log is followed. No entries are streamed before that. */
  static async start({ name, groups, clients, sections, prepare }: FleetRunOptions): Promise<FleetRun> {
    const fleet = await LogFleet.start(groups);
    const report = await fleet.send({ do: 'hold' });
    const files = await prepareServer(fleet.ready, name, sections);
    prepare?.(files, report);
    const server = await ServerProcess.start(files.configFile, files.port, files.logFile);
    const connected = clients.map((kind) => new VerifyingClient(kind));
    const run = new FleetRun(fleet, files, server, connected);
    try {
      await Promise.all(connected.map((client) => client.connect(server.url)));
      await fleet.send({ do: 'open' });
      await server.follows(report.logs.length);
    } catch (error) {
      await run.close();
      throw error;
    }
    return run;
  }

  /** Returns the number of published entries that the client has not received. */
  static behind(client: VerifyingClient, { logs }: FleetReport): number {
    return logs.reduce((sum, log) => sum + log.size - (client.next.get(log.url) ?? log.initialEntries), 0);
  }

  /**
   * Waits until the client has received all published entries, or until no message has arrived for `quietMs`. Resolves with
   * the number of missing entries.
   */
  async settle(client: VerifyingClient, quietMs: number): Promise<number> {
    for (let last = -1, quietSince = Date.now(); ; await delay(100)) {
      const behind = FleetRun.behind(client, await this.fleet.send({ do: 'report' }));
      if (behind === 0 || Date.now() - quietSince > quietMs) return behind;
      if (client.messages !== last) quietSince = Date.now();
      last = client.messages;
    }
  }

  /** Stops the server cleanly. Resolves with its exit code. */
  async stopServer(): Promise<number | null> {
    this.exitCode = await this.server.stop();
    return this.exitCode;
  }

  /** Ends all processes. Keeps the files on request and if the server did not stop cleanly. */
  async close(keepFiles = false): Promise<void> {
    await Promise.all([this.server.kill(), this.fleet.stop()]);
    if (this.exitCode === 0 && !keepFiles) rmSync(this.files.folder, { recursive: true, force: true });
  }
}
