import { describe, expect, it, vi } from 'vitest';
import { startStreamApp, TEST_LOG } from '../../test/support/stream-app.js';
import { LogCounters } from '../ct-log/reporting/log-counters.js';
import { type FollowState, LogStatus } from '../ct-log/reporting/log-status.js';
import { TailingService } from '../ct-log/following/tailing.service.js';
import { HealthController } from './health.controller.js';
import { HealthModule } from './health.module.js';

describe(HealthController.name, () => {
  it('is ready while at least one log is followed, and always live', async () => {
    const { app, http } = await startStreamApp({
      config: { general: { disable_default_logs: true } },
      imports: () => [HealthModule],
    });
    const followed = vi.spyOn(app.get(TailingService), 'followed');
    const follow = (...states: FollowState[]) =>
      followed.mockReturnValue(
        states.map((state) => ({
          log: { source: TEST_LOG, configured: true },
          counters: new LogCounters(),
          status: Object.assign(new LogStatus(), { state }),
        })),
      );
    for (const [states, status] of [
      [[], 503],
      [['starting', 'failing'], 503],
      [['failing', 'following'], 200],
    ] as [FollowState[], number][]) {
      follow(...states);
      const count = (state: FollowState) => states.filter((each) => each === state).length;
      const ready = await fetch(`${http}/readyz`);
      expect(ready.status).toBe(status);
      expect(ready.headers.get('content-type')).toMatch(/^application\/json/);
      expect(await ready.json()).toEqual({
        status: status === 200 ? 'ready' : 'not ready',
        logs: {
          starting: count('starting'),
          following: count('following'),
          failing: count('failing'),
          stopped: 0,
        },
        verification: { off: states.length, starting: 0, verified: 0, broken: 0 },
        missing_entries: 0,
        log_list: { source: 'unused', version: null, error: null },
      });
      const live = await fetch(`${http}/healthz`);
      expect(live.status).toBe(200);
      expect(await live.json()).toEqual({ status: 'live' });
    }
  });
});
