import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/testing/free-port.js';

/** Says how to get the programs. */
export const PROMETHEUS_MISSING =
  'SKIPPED test/long/prometheus.test.ts: install prometheus and promtool (Debian: apt install prometheus)';

/** Whether `promtool` and `prometheus` are on the path. */
export function hasPrometheus(): boolean {
  return ['promtool', 'prometheus'].every((name) => spawnSync(name, ['--version']).status === 0);
}

/** Runs promtool. @param input for its standard input. @returns its exit status and everything that it prints. */
export function promtool(args: readonly string[], input?: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

/** A Prometheus server that scrapes one address every second. */
export class PrometheusServer {
  private constructor(
    readonly url: string,
    private readonly stopProcess: () => Promise<void>,
  ) {}

  /** @param target `host:port` of the metrics. @param rules path of a file with rules. */
  static async start(target: string, rules: string): Promise<PrometheusServer> {
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'certstream', static_configs: [{ targets: [target] }] }],
    };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const port = await freePort();
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
    return new PrometheusServer(`http://127.0.0.1:${port}`, async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    });
  }

  /** Requests a page of the HTTP API. @throws Error unless Prometheus answers with success. */
  async api<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(answer.error);
    return answer.data;
  }

  /** Returns the number of series in the result of an instant query. */
  async count(query: string): Promise<number> {
    const { result } = await this.api<{ result: unknown[] }>('query', { query });
    return result.length;
  }

  stop(): Promise<void> {
    return this.stopProcess();
  }
}
