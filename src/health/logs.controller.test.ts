import { describe, expect, it, vi } from 'vitest';
import { startStreamApp, TEST_LOG } from '../../test/support/stream-app.js';
import { LogStateStore } from '../ct-log/state/log-state-store.js';
import { LogCounters } from '../ct-log/reporting/log-counters.js';
import { LogStatus } from '../ct-log/reporting/log-status.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { HealthModule } from './health.module.js';
import { LogsController } from './logs.controller.js';

const start = (webserver: object = {}) =>
  startStreamApp({
    config: { webserver, general: { disable_default_logs: true } },
    imports: () => [HealthModule],
  });
const log = { source: TEST_LOG, configured: true };
const at = Date.UTC(2026, 10, 22);
const time = '2026-11-22T00:00:00.000Z';

describe(LogsController.name, () => {
  it('reports everything that is known about a log', async () => {
    const { app, http } = await start();
    const counters = Object.assign(new LogCounters(), {
      entries: 30,
      lateEntries: 4,
      verificationFailures: 1,
      incompleteChains: 2,
    });
    const status = Object.assign(new LogStatus(), {
      state: 'failing',
      treeSize: 90,
      nextIndex: 80,
      lastEntryAt: at,
      verification: 'broken',
      verifiedIndex: 70,
      hasStaleHead: true,
      brokenReason: 'two trees',
      brokenCode: 'CT_TREE_FORK',
      brokenSince: at,
      lastErrorCode: 'CT_TIMEOUT',
      lastErrorAt: at,
      growthRate: 4.5,
      fallingBehind: true,
    } as const);
    status.evidenceFiles.push('x.json');
    counters.errors.set('CT_TIMEOUT', 2).set('CT_NETWORK', 1);
    counters.latency.sinceHead.observe(1500, 100);
    counters.latency.sinceHead.observe(7000, 100);
    vi.spyOn(app.get(TailingService), 'followed').mockReturnValue([{ log, counters, status }]);
    const states = app.get(LogStateStore);
    const rootHash = Buffer.alloc(32, 1);
    states.update(log, { head: { treeSize: 90, timestamp: at, rootHash, signed: Buffer.alloc(0) } });
    states.gaps(log).add({ from: 5, to: 9, reason: 'CT_HTTP_STATUS' });
    const response = await fetch(`${http}/logs`);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      logs: [
        {
          name: TEST_LOG.name,
          url: TEST_LOG.url,
          operator: TEST_LOG.operator,
          type: 'rfc6962',
          log_id: null,
          state: 'failing',
          verdict: { level: 'bad', code: 'broken', text: 'forked: two trees' },
          tree_size: 90,
          streamed_index: 80,
          verified_index: 70,
          lag: 10,
          catch_up_seconds: null,
          entries: { streamed: 30, late: 4, incomplete_chains: 2, last_at: time },
          rates: { growth: 4.5, delivery: null, falling_behind: true },
          latency_seconds: { p50: 2, p99: 9.9 },
          head: { tree_size: 90, timestamp: time, root_hash: rootHash.toString('base64'), stale: true },
          verification: {
            mode: 'warn',
            state: 'broken',
            reason: 'two trees',
            since: time,
            failures: 1,
            proof_failures: 0,
            unproven_entries: 0,
            corrected_entries: 0,
            mismatched_precertificates: 0,
            mismatched_issuers: 0,
            evidence_files: ['x.json'],
          },
          errors: 3,
          last_error: { code: 'CT_TIMEOUT', at: time },
          gaps: [
            {
              from: 5,
              to: 9,
              missing: 4,
              since: expect.any(String) as string,
              reason: 'CT_HTTP_STATUS',
              tries: 0,
              skipped: false,
            },
          ],
          missing_entries: 4,
          member: null,
        },
      ],
    });
    expect(await (await fetch(`${http}/readyz`)).json()).toMatchObject({
      verification: { off: 0, starting: 0, verified: 0, broken: 1 },
      missing_entries: 4,
    });
  });

  it('reports null for values of a log that has not answered yet', async () => {
    const { app, http } = await start();
    vi.spyOn(app.get(TailingService), 'followed').mockReturnValue([
      { log, counters: new LogCounters(), status: new LogStatus() },
    ]);
    expect(await (await fetch(`${http}/logs`)).json()).toMatchObject({
      logs: [
        {
          state: 'starting',
          verdict: { level: 'busy', code: 'waiting_for_head', text: 'waiting for the first head' },
          streamed_index: null,
          verified_index: null,
          head: null,
          last_error: null,
          gaps: [],
        },
      ],
    });
  });

  it('reports all logs even if one of them signed an invalid time', async () => {
    const { app, http } = await start();
    vi.spyOn(app.get(TailingService), 'followed').mockReturnValue([
      { log, counters: new LogCounters(), status: new LogStatus() },
    ]);
    const head = { treeSize: 1, timestamp: Number.MAX_SAFE_INTEGER, rootHash: Buffer.alloc(32) };
    app.get(LogStateStore).update(log, { head: { ...head, signed: Buffer.alloc(0) } });
    const response = await fetch(`${http}/logs`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ logs: [{ head: { tree_size: 1, timestamp: null } }] });
  });

  it('is protected by the whitelist', async () => {
    const { http } = await start({ whitelist: ['192.0.2.1'] });
    expect((await fetch(`${http}/logs`)).status).toBe(403);
  });
});
