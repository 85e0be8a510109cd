import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ProcessUsage, usageOf } from './process-usage.js';

interface Readiness {
  readonly logs: { readonly following: number };
}

/** How a server is started, where it is not this Node and the built server of this folder. */
export interface ServerCommand {
  readonly node: string;
  readonly nodeFlags: readonly string[];
  readonly bin: string;
  readonly environment: Readonly<Record<string, string>>;
}

export const THIS_SERVER: ServerCommand = {
  node: process.execPath,
  nodeFlags: [],
  bin: fileURLToPath(new URL('../../../dist/cli/bin.js', import.meta.url)),
  environment: {},
};

/** The built server in its own process, measured from outside. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Starts `certstream-server serve` and waits until it answers. */
  static async start(
    configFile: string,
    port: number,
    logFile: string,
    { node, nodeFlags, bin, environment }: ServerCommand = THIS_SERVER,
  ): Promise<ServerProcess> {
    const output = openSync(logFile, 'a');
    const child = spawn(node, [...nodeFlags, bin, 'serve', '-c', configFile], {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...environment },
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

  usage(): ProcessUsage {
    return usageOf(this.child.pid);
  }

  /** For what has gone wrong: nothing is saved. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  /** SIGTERM, as an init system does it; resolves with the exit code. */
  async stop(): Promise<number | null> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
    return this.child.exitCode;
  }
}
