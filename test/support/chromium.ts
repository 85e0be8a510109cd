import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Returns `CHROMIUM`, or the first browser on the path; undefined when there is none. */
export function findChromium(): string | undefined {
  const given = process.env['CHROMIUM'];
  const names = given === undefined ? NAMES : [given];
  return names.find((name) => spawnSync(name, ['--version'], { timeout: 60_000 }).status === 0);
}

interface Reply {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A headless browser with one page, controlled over the DevTools protocol. */
export class Chromium {
  private readonly pending = new Map<number, (reply: Reply) => void>();
  private lastId = 0;
  private sessionId: string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    private readonly profile: string,
    private readonly socket: WebSocket,
  ) {
    socket.on('message', (data: Buffer) => {
      const reply = JSON.parse(data.toString()) as Reply;
      if (reply.id === undefined) return;
      this.pending.get(reply.id)?.(reply);
      this.pending.delete(reply.id);
    });
  }

  /** Starts the browser and opens a page at `url`. */
  static async open(command: string, url: string): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
    const child = spawn(
      command,
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--no-proxy-server',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      // The browser has its own process group, since its helpers write into the profile as long as they live.
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    for await (const line of createInterface({ input: child.stderr })) {
      const address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
      if (address === undefined) continue;
      const socket = new WebSocket(address, { perMessageDeflate: false });
      await once(socket, 'open');
      // Reading the pipe prevents that the browser stops when it is full.
      child.stderr.resume();
      const browser = new Chromium(child, profile, socket);
      await browser.openPage(url);
      return browser;
    }
    throw new Error(`${command} ended without a DevTools address`);
  }

  /** Returns the value of an expression in the page. A promise is awaited. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T }; exceptionDetails?: unknown };
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  async close(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.socket.terminate();
    process.kill(-this.child.pid!, 'SIGKILL');
    await ended;
    try {
      rmSync(this.profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    } catch {
      // A helper outside the group is still writing. The folder is in the system's temporary folder.
    }
  }

  private async openPage(url: string): Promise<void> {
    const { targetId } = await this.send('Target.createTarget', { url });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    this.sessionId = sessionId as string;
    // Until the page has loaded, the document is another one.
    const loaded = `location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`;
    const deadline = Date.now() + 120_000;
    while (!(await this.evaluate<boolean>(loaded).catch(() => false))) {
      if (Date.now() > deadline) throw new Error(`the browser did not load ${url}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async send(method: string, params: object): Promise<Record<string, unknown>> {
    const id = ++this.lastId;
    const answered = new Promise<Reply>((resolve) => this.pending.set(id, resolve));
    this.socket.send(JSON.stringify({ id, method, params, sessionId: this.sessionId }));
    const { result, error } = await answered;
    if (result === undefined) throw new Error(`${method}: ${error?.message}`);
    return result;
  }
}
