import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_MS = 60_000;
const KEPT_OUTPUT = 20_000;

export interface ForeignProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** Port of 127.0.0.1 at which it listens. */
  readonly port: number;
  readonly cwd: string;
  /** User that runs the program; default: the user of the test. */
  readonly uid?: number;
}

/** A program of others that listens on a port, and that a test may kill and start again. */
export class ForeignProcess {
  private child: ChildProcess | undefined;
  /** The last part of standard output and standard error. */
  output = '';

  constructor(private readonly program: ForeignProgram) {}

  /** Starts the program and waits until its port accepts connections. */
  async start(): Promise<void> {
    const { command, args, port, cwd, uid } = this.program;
    const env = { PATH: process.env['PATH'], HOME: cwd };
    const child = spawn(command, args, { cwd, env, uid, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.keep(text));
    child.on('error', ({ message }) => this.keep(message));
    for (const deadline = Date.now() + START_MS; !(await isOpen(port)); await delay(50))
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`${command} does not listen on port ${port}: ${this.output}`);
  }

  /** Ends the program and waits for its end. SIGKILL leaves it no time to write anything. */
  async end(signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  private keep(text: string): void {
    this.output = (this.output + text).slice(-KEPT_OUTPUT);
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
