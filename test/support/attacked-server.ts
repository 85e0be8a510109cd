import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { TaskMeta } from 'vitest';
import { WebSocket } from 'ws';
import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import type { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import type { SimulatedLogOptions } from '../../src/simulator/log/simulated-log-options.js';
import { freePort } from '../../src/testing/free-port.js';
import { ProcessMeter } from './process-meter.js';
import { type RunningCli, startCli } from '../../src/testing/cli-process.js';
import { type TestConfig, TestSystem } from '../../src/testing/test-system.js';

declare module 'vitest' {
  interface TaskMeta {
    /** The measurements of {@link AttackedServer.during}, for the table of promises. */
    measured?: string;
  }
}

/** Name of the log that grows continuously and that the witness watches. */
const HEALTHY = 'healthy';
const HEALTHY_RATE = 20;
const HEALTHY_INTERVAL_MS = 250;

/** The cost of an attack for the server process and its other clients. */
export interface Measured {
  /** The highest resident memory during the attack, and how much it exceeds the memory before the attack, MiB. */
  readonly peakMb: number;
  readonly grownMb: number;
  readonly cpuSeconds: number;
  /** The longest time without a message of the healthy log at the witness. */
  readonly longestGapSeconds: number;
}

export interface AttackedServerOptions {
  /** Logs in addition to the healthy one. */
  readonly logs?: readonly SimulatedLogOptions[];
  /** Configuration in addition to the part that selects the simulator. */
  readonly config?: TestConfig | ((simulator: CtLogSimulator) => TestConfig);
  /** Options of Node for the server process. */
  readonly node?: readonly string[];
  readonly env?: Record<string, string>;
  /** A command that runs the server by executing its remaining arguments. */
  readonly wrapper?: readonly string[];
}

/**
 * Runs the built server in its own process against the simulator, with one healthy log that grows by 20 entries per
 * second. A witness client of the lite stream records when each message of each log arrives.
 */
export class AttackedServer {
  /** Log indices that the witness received, by log URL without trailing slash, in the order of arrival. */
  private readonly indices = new Map<string, number[]>();
  private readonly onMessage = new Set<() => void>();
  private lastHealthy = 0;
  private longestGap = 0;

  private constructor(
    readonly system: TestSystem,
    readonly url: string,
    private readonly cli: RunningCli,
    private readonly meter: ProcessMeter,
    private readonly witness: WebSocket,
  ) {
    witness.on('message', (data: Buffer) => this.note(data));
    witness.on('error', () => undefined);
  }

  static async start(options: AttackedServerOptions = {}): Promise<AttackedServer> {
    const { logs = [], config, node, env, wrapper } = options;
    const healthy = { name: HEALTHY, operator: 'Healthy' };
    const system = await TestSystem.prepare({ logs: [healthy, ...logs], config });
    const port = await freePort();
    const file = system.configFile(port);
    const cli = startCli(['serve', '-c', file], { cwd: system.folder, node, env, wrapper });
    await cli.printed(/streams at /);
    const url = `http://127.0.0.1:${port}`;
    const witness = new WebSocket(url.replace('http', 'ws'));
    await once(witness, 'open');
    const meter = new ProcessMeter(cli.pid);
    const server = new AttackedServer(system, url, cli, meter, witness);
    server.healthy.start({ entriesPerSecond: HEALTHY_RATE, headIntervalMs: HEALTHY_INTERVAL_MS });
    await server.until(() => server.of(server.healthy).length > 0, 'the first message of the healthy log');
    return server;
  }

  get simulator(): CtLogSimulator {
    return this.system.simulator;
  }

  get healthy(): SimulatedLog {
    return this.log(HEALTHY);
  }

  log(name: string): SimulatedLog {
    return this.simulator.log(name);
  }

  /** Returns the indices of one log that the witness has received, in the order of arrival. */
  of({ url }: { readonly url: string }): readonly number[] {
    return this.indices.get(url.replace(/\/+$/, '')) ?? [];
  }

  /** Resolves when `condition` holds. It is checked after every message and ten times per second. */
  async until(condition: () => boolean | Promise<boolean>, what: string, seconds = 200): Promise<void> {
    const deadline = performance.now() + seconds * 1000;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`gave up waiting for ${what}`);
      await new Promise<void>((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          this.onMessage.delete(end);
          resolve();
        };
        const timer = setTimeout(end, 100);
        this.onMessage.add(end);
      });
    }
  }

  /** Runs an attack and measures its cost. The figures also appear in the table of promises. */
  async during(task: { readonly meta: TaskMeta }, attack: () => Promise<unknown>): Promise<Measured> {
    const before = this.meter.residentMb;
    const cpuBefore = this.meter.cpuSeconds;
    this.meter.resetPeak();
    this.longestGap = 0;
    this.lastHealthy = performance.now();
    try {
      await attack();
    } finally {
      task.meta.measured = this.cli.hasEnded
        ? 'the server has ended'
        : described(this.measure(before, cpuBefore));
    }
    return this.measure(before, cpuBefore);
  }

  private measure(residentBefore: number, cpuBefore: number): Measured {
    return {
      peakMb: this.meter.peakMb,
      grownMb: this.meter.peakMb - residentBefore,
      cpuSeconds: this.meter.cpuSeconds - cpuBefore,
      longestGapSeconds: Math.max(this.longestGap, performance.now() - this.lastHealthy) / 1000,
    };
  }

  /** Current resident memory of the server, MiB. */
  get residentMb(): number {
    return this.meter.residentMb;
  }

  /** The output of the server. */
  get output(): string {
    return this.cli.output();
  }

  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, init);
  }

  /** Returns the report on one log from `/logs`. */
  async report(log: { readonly url: string }): Promise<Record<string, unknown>> {
    const { logs } = (await (await this.get('/logs')).json()) as { logs: Record<string, unknown>[] };
    const url = log.url.replace(/\/+$/, '');
    const found = logs.find((each) => each['url'] === url);
    if (found === undefined) throw new Error(`/logs does not name ${url}`);
    return found;
  }

  async close(): Promise<void> {
    this.witness.terminate();
    this.cli.signal('SIGKILL');
    await this.cli.ended;
    await this.system.close();
  }

  private note(data: Buffer): void {
    const { source, cert_index: index } = (JSON.parse(data.toString()) as CertificateUpdate).data;
    const known = this.indices.get(source.url);
    if (known === undefined) this.indices.set(source.url, [index]);
    else known.push(index);
    if (`${source.url}/` === this.healthy.url) {
      const now = performance.now();
      this.longestGap = Math.max(this.longestGap, now - this.lastHealthy);
      this.lastHealthy = now;
    }
    for (const check of this.onMessage) check();
  }
}

function described({ peakMb, grownMb, cpuSeconds, longestGapSeconds }: Measured): string {
  const memory = `${peakMb.toFixed(0)} MiB at most, ${grownMb.toFixed(0)} more than before`;
  return `${memory}; ${cpuSeconds.toFixed(1)} s CPU; gap ${longestGapSeconds.toFixed(1)} s`;
}
