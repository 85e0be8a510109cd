import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../dist/cli/bin.js', import.meta.url));
/** Clock ticks per second of /proc/<pid>/stat on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Readiness {
  readonly logs: { readonly following: number };
}

/** The built server in its own process, measured from outside. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Starts `certstream-server serve` and waits until it answers. */
  static async start(configFile: string, port: number, logFile: string): Promise<ServerProcess> {
    const output = openSync(logFile, 'a');
    const child = spawn(process.execPath, [BIN, 'serve', '-c', configFile], {
      stdio: ['ignore', output, output],
    });
    const server = new ServerProcess(child, `http://127.0.0.1:${port}`);
    await server.reaches('/healthz', () => true);
    return server;
  }

  /** Resolves when the server follows as many logs: from then on it streams everything they publish. */
  async follows(logs: number): Promise<void> {
    await this.reaches('/readyz', (health) => (health as Readiness).logs.following >= logs);
  }

  private async reaches(path: string, isReached: (body: unknown) => boolean): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`the server ended with ${this.child.exitCode}`);
      const answer = await fetch(this.url + path).catch(() => undefined);
      if (answer !== undefined && isReached(await answer.json())) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Resident memory in MB and CPU seconds used so far, as the operating system counts them. */
  usage(): { residentMb: number; cpuSeconds: number } {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      residentMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    };
  }

  /** SIGTERM, as an init system does it; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
    return this.child.exitCode;
  }
}
