import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ProcessUsage, usageOf } from './process-usage.js';

interface Readiness {
  readonly logs: { readonly following: number };
}

/** Command that starts a server. */
export interface ServerCommand {
  readonly node: string;
  readonly nodeFlags: readonly string[];
  readonly bin: string;
  /** After `serve`. */
  readonly options?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export const THIS_SERVER: ServerCommand = {
  node: process.execPath,
  nodeFlags: [],
  bin: fileURLToPath(new URL('../../../dist/cli/bin.js', import.meta.url)),
  environment: {},
};

/** The built server in its own process. */
export class ServerProcess {
  /** Resolves with the exit code, or null if a signal ended the process. */
  readonly ended: Promise<number | null>;

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    this.ended = once(child, 'exit').then(([code]) => code as number | null);
  }

  /** Starts `certstream-server serve` and waits until it answers. */
  static async start(
    configFile: string,
    port: number,
    logFile: string,
    command: ServerCommand = THIS_SERVER,
  ): Promise<ServerProcess> {
    const server = ServerProcess.spawn(configFile, port, logFile, command);
    await server.answers();
    return server;
  }

  /** Starts `certstream-server serve` without waiting. */
  static spawn(
    configFile: string,
    port: number,
    logFile: string,
    { node, nodeFlags, bin, options = [], environment }: ServerCommand = THIS_SERVER,
  ): ServerProcess {
    const output = openSync(logFile, 'a');
    const child = spawn(node, [...nodeFlags, bin, 'serve', '-c', configFile, ...options], {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...environment },
    });
    closeSync(output);
    return new ServerProcess(child, `http://127.0.0.1:${port}`);
  }

  answers(): Promise<void> {
    return this.reaches('/healthz', () => true);
  }

  /** Returns the body of an answer with status 200, else undefined. */
  async read(path: string): Promise<string | undefined> {
    const answer = await fetch(this.url + path).catch(() => undefined);
    return answer?.status === 200 ? answer.text() : undefined;
  }

  /** Resolves when the server follows this number of logs. From then on it streams all entries that they publish. */
  async follows(logs: number): Promise<void> {
    await this.reaches('/readyz', (health) => (health as Readiness).logs.following >= logs);
  }

  private async reaches(path: string, isReached: (body: unknown) => boolean): Promise<void> {
    for (;;) {
      if (this.hasEnded) throw new Error(`the server ended with ${this.child.exitCode}`);
      const answer = await fetch(this.url + path).catch(() => undefined);
      if (answer !== undefined && isReached(await answer.json().catch(() => undefined))) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  usage(): ProcessUsage {
    return usageOf(this.child.pid);
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Sends SIGKILL. The server cannot send or save anything after it. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Sends a signal that does not end the process. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    if (!this.hasEnded) this.child.kill(name);
  }

  /** Sends SIGTERM like an init system. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    if (!this.hasEnded) this.child.kill('SIGTERM');
    return this.ended;
  }
}
