import { expect } from 'vitest';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import type { StreamReader } from '../../src/testing/stream-reader.js';
import { TestSystem, type TestSystemOptions } from '../../src/testing/test-system.js';

/** Two logs, one of each protocol, with entries before the server starts. */
export const API_LOGS: TestSystemOptions['logs'] = [
  { name: 'pages', initialEntries: 300, pageSize: 64 },
  { name: 'tiles', protocol: 'static-ct', initialEntries: 600 },
];

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly json: () => Record<string, unknown>;
}

/** A server that has streamed 100 entries of each log to a client of the full stream, and its pages. */
export class ApiSystem {
  private constructor(
    readonly system: TestSystem,
    readonly reader: StreamReader,
  ) {}

  static async start(config: TestSystemOptions['config'] = {}): Promise<ApiSystem> {
    const system = await TestSystem.start({ logs: API_LOGS, config });
    const reader = await system.connect('/full-stream');
    for (const log of system.simulator.logs) {
      log.append(100);
      log.publish();
    }
    await reader.until(({ frames }) => frames.length === 200);
    return new ApiSystem(system, reader);
  }

  close(): Promise<void> {
    return this.system.close();
  }

  get(path: string, init?: RequestInit): Promise<Answer> {
    return getPage(this.system, path, init);
  }

  /** Returns `<status> <code>` of an error. */
  async errorOf(path: string): Promise<string> {
    return errorOf(this.system, path);
  }
}

/** Requests a page and checks the headers that every page has. */
export async function getPage(system: TestSystem, path: string, init?: RequestInit): Promise<Answer> {
  const response = await system.get(path, init);
  const body = Buffer.from(await response.arrayBuffer());
  const { status, headers } = response;
  expect(headers.get('x-content-type-options'), path).toBe('nosniff');
  expect(headers.get('cache-control'), path).toBe('no-store');
  const json = () => JSON.parse(body.toString()) as Record<string, unknown>;
  return { status, type: headers.get('content-type'), headers, body, json };
}

/** Returns `<status> <code>` of an error, and checks its form. */
export async function errorOf(system: TestSystem, path: string): Promise<string> {
  const answer = await getPage(system, path);
  const body = answer.json();
  expect(Object.keys(body)).toEqual(['error', 'code']);
  return `${answer.status} ${String(body['code'])}`;
}

/** Returns the URL of a log as one segment of a path. */
export function logPath(log: SimulatedLog): string {
  return encodeURIComponent(log.url.replace(/\/$/, ''));
}
