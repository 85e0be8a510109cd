import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { emptyEntries, startStreamApp, TEST_LOG } from '../../test/support/stream-app.js';
import { freePort } from '../testing/free-port.js';
import { StreamReader } from '../testing/stream-reader.js';
import { IngestModule } from '../ct-log/ingest.module.js';
import { LogCounters } from '../ct-log/reporting/log-counters.js';
import { LogStatus } from '../ct-log/reporting/log-status.js';
import type { FollowedLog } from '../ct-log/following/tailing.service.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { MetricsListener } from './metrics-listener.js';
import { MetricsModule } from './metrics.module.js';

const WEB = { listen_addr: '127.0.0.1', listen_port: 8080 };

async function start(prometheus: object, webserver: object = {}) {
  return startStreamApp({
    config: {
      webserver: { ...WEB, ...webserver },
      prometheus: { enabled: true, ...prometheus },
      general: { disable_default_logs: true },
    },
    imports: () => [IngestModule, MetricsModule],
  });
}

/** Returns the samples of an exposition by name and labels. @throws Error if a line is not a sample. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP [a-z_]+ .+\.|TYPE [a-z_]+ (gauge|counter|histogram))$/.test(line)) continue;
    const match = /^([a-z_]+(?:\{(?:[a-z]+="[^"]*",?)+\})?) ([-+.e\d]+)$/.exec(line);
    if (match === null) throw new Error(`not a sample: ${line}`);
    samples.set(match[1], Number(match[2]));
  }
  return samples;
}

const scrape = async (url: string) => parse(await (await fetch(url)).text());

function followedLog(): FollowedLog {
  const counters = Object.assign(new LogCounters(), { entries: 7, requests: 3 });
  const status = Object.assign(new LogStatus(), { state: 'following', treeSize: 50, nextIndex: 40 } as const);
  counters.countError('CT_RATE_LIMITED');
  const source = { ...TEST_LOG, url: 'https://log.example/2026/' };
  return { log: { source, configured: true }, counters, status };
}

describe('metrics on the web listener', () => {
  it('have the names and labels of the Go server', async () => {
    const { app, http, ws, stream } = await start({ ...WEB });
    vi.spyOn(app.get(TailingService), 'followed').mockReturnValue([followedLog()]);
    const reader = await StreamReader.connect(`${ws}/domains-only`);
    stream.publish(emptyEntries(0, 3));
    stream.publish(emptyEntries(3, 2, 1));
    await reader.until(({ frames }) => frames.length === 5);
    const response = await fetch(`${http}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const samples = parse(await response.text());
    expect([...samples.keys()].filter((name) => name.includes('log_list_age'))).toEqual([]);
    const value = (name: string) => samples.get(`certstreamservergo_${name}`);
    expect(value('clients_total{type="full"}')).toBe(0);
    expect(value('clients_total{type="lite"}')).toBe(0);
    expect(value('clients_total{type="domain"}')).toBe(1);
    expect(value('certificates_total{type="regular"}')).toBe(3);
    expect(value('certificates_total{type="precert"}')).toBe(2);
    expect(value('certs_by_log_total{url="log.example/2026",operator="Test"}')).toBe(7);
    const skipped = () => [...samples.keys()].filter((name) => name.includes('skipped_certs'));
    expect(skipped()).toEqual([expect.stringMatching(/\{client="127\.0\.0\.1:\d+"\}$/)]);
    expect(value('messages_sent_total{type="domain"}')).toBe(5);
    expect(value('log_lag_entries{url="log.example/2026",operator="Test"}')).toBe(10);
    expect(value('log_errors_total{url="log.example/2026",operator="Test",code="CT_RATE_LIMITED"}')).toBe(1);
    expect(value('log_state{url="log.example/2026",operator="Test",state="following"}')).toBe(1);
  });

  it('read every value again and drop clients that have disconnected', async () => {
    const { http, ws, stream } = await start({ ...WEB, metric_prefix: 'ct', metrics_url: '/a/b/' });
    const reader = await StreamReader.connect(`${ws}/`);
    stream.publish(emptyEntries(0, 3));
    await reader.close();
    const clients = async () => (await scrape(`${http}/a/b`)).get('ct_clients_total{type="lite"}');
    await vi.waitFor(async () => expect(await clients()).toBe(0));
    for (const expected of [3, 4]) {
      const samples = await scrape(`${http}/a/b/`);
      expect(samples.get('ct_certificates_total{type="regular"}')).toBe(expected);
      expect([...samples.keys()].filter((name) => name.includes('skipped'))).toEqual([]);
      stream.publish(emptyEntries(expected, 1));
    }
    expect((await fetch(`${http}/metrics`)).status).toBe(404);
  });

  it('are protected by their own whitelist too', async () => {
    const { http } = await start({ ...WEB, whitelist: ['192.0.2.1'] });
    expect((await fetch(`${http}/metrics`)).status).toBe(403);
    expect((await fetch(`${http}/example.json`)).status).toBe(503);
  });

  it('are 404 when disabled', async () => {
    const { http } = await start({ ...WEB, enabled: false });
    expect((await fetch(`${http}/metrics`)).status).toBe(404);
  });

  it('include process metrics only if configured, in each of several applications', async () => {
    const apps = [await start({ ...WEB }), await start({ ...WEB, expose_system_metrics: true })];
    const texts = await Promise.all(apps.map(async ({ http }) => (await fetch(`${http}/metrics`)).text()));
    expect(texts.map((text) => text.includes('process_resident_memory_bytes'))).toEqual([false, true]);
    for (const text of texts) expect(text).toContain('certstreamservergo_build_info{version="');
  });
});

describe('metrics on their own listener', () => {
  it('are served there and only there until the application ends', async () => {
    const port = await freePort();
    const { app, http } = await start({ listen_addr: '127.0.0.1', listen_port: port });
    expect(app.get(MetricsListener).port).toBe(port);
    const own = `http://127.0.0.1:${port}`;
    expect((await scrape(`${own}/metrics`)).has('certstreamservergo_clients_total{type="full"}')).toBe(true);
    expect((await fetch(`${own}/metrics/?x=1`)).status).toBe(200);
    expect((await fetch(`${own}/nothing`)).status).toBe(404);
    expect((await fetch(`${own}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${http}/metrics`)).status).toBe(404);
    await app.close();
    await expect(fetch(`${own}/metrics`)).rejects.toThrow();
  });

  it('have a whitelist there', async () => {
    const port = await freePort();
    await start({ listen_addr: '127.0.0.1', listen_port: port, whitelist: ['192.0.2.1'] });
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(403);
  });

  it('make the start fail with a typed error if the port is in use', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => {
      taken.close();
    });
    const { port } = taken.address() as AddressInfo;
    await expect(start({ listen_addr: '127.0.0.1', listen_port: port })).rejects.toMatchObject({
      code: 'WEB_PORT_IN_USE',
    });
  });
});
