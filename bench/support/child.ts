import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A benchmark module in a process of its own. It answers each message with one message. */
export class Child<Command extends object, Answer> {
  private constructor(private readonly child: ChildProcess) {}

  /** @returns the child and its first message, which it sends when it is ready. */
  static async start<Command extends object, Answer>(
    module: string,
    setup: object,
  ): Promise<{ ready: unknown; child: Child<Command, Answer> }> {
    const file = fileURLToPath(new URL(module, import.meta.url));
    const child = new Child<Command, Answer>(fork(file, [JSON.stringify(setup)]));
    return { ready: await child.message(), child };
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async ask(command: Command): Promise<Answer> {
    const answer = this.message();
    this.child.send(command);
    return (await answer) as Answer;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  private async message(): Promise<unknown> {
    const over = new AbortController();
    const { signal } = over;
    const ended = once(this.child, 'exit', { signal }).then(([code, name]) => {
      throw new Error(`a process of the benchmark ended with ${String(code ?? name)}`);
    });
    try {
      const [message] = (await Promise.race([once(this.child, 'message', { signal }), ended])) as [unknown];
      return message;
    } finally {
      ended.catch(() => undefined);
      over.abort();
    }
  }
}
