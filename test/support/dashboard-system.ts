import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import type { DashboardData } from '../../src/dashboard/dashboard-data.js';
import { ServerSamples } from '../../src/dashboard/figures/server-samples.js';
import { PeriodicWork } from '../../src/schedule/periodic-work.js';
import { type TestConfig, TestSystem } from '../../src/testing/test-system.js';

export const CHROMIUM =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The system of the test file. */
export let system: TestSystem;

export const closeSystem = () => system?.close();

/** Sends a request whose path is not normalized. `Accept` is what curl sends, unless `headers` say otherwise. */
export async function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  const { hostname, port } = new URL(system.url);
  const sent = { accept: '*/*', ...headers };
  const request = httpRequest({ hostname, port, path, method, headers: sent, agent: false });
  const answered = once(request, 'response');
  request.end();
  const [response] = (await answered) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

export const html = (headers: Record<string, string> = {}) => ({ accept: CHROMIUM, ...headers });
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
export const start = async (sections: TestConfig): Promise<void> => {
  system = await TestSystem.start({ logs: [{ name: 'log', initialEntries: 10 }], config: sections });
  // The tests take the samples.
  system.server.app.get(PeriodicWork).cancel('dashboard');
};
export const sample = (): ServerSamples => {
  const samples = system.server.app.get(ServerSamples);
  // Every third sample includes the logs.
  for (let i = 0; i < 3; i++) samples.sample();
  return samples;
};

/** Returns the paths of the assets that the page names. */
export async function assetsOfPage(): Promise<string[]> {
  const { body } = await ask('/', html());
  return [...body.toString().matchAll(/(?:src|href)="(\/dashboard\/assets\/[^"]+)"/g)].map(
    ([, path]) => path,
  );
}

export const dataOf = async (query = '', headers: Record<string, string> = {}): Promise<DashboardData> => {
  const { status, body } = await ask(`/dashboard/data.json${query}`, headers);
  expect(status).toBe(200);
  return JSON.parse(body.toString()) as DashboardData;
};
