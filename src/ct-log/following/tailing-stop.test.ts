import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PeriodicWork } from '../../schedule/periodic-work.js';
import type { CtLog } from '../client/ct-log.js';
import { LogCounters } from '../reporting/log-counters.js';
import { LogStatus } from '../reporting/log-status.js';
import type { LogStateStore } from '../state/log-state-store.js';
import type { LogFollower, LogShare } from './log-share.js';
import type { TailerFactory } from './tailer-factory.js';
import { TailingService } from './tailing.service.js';

const logs = ['stuck', 'fine'].map((name): CtLog => ({
  source: { name, url: `https://${name}.example`, operator: 'Op', type: 'rfc6962' },
  configured: false,
}));

const START = { state: {}, held: 0 };

/** Creates a service that follows the logs, and notes what it starts and saves. */
function serviceWith(prepare: TailerFactory['prepare']) {
  const events: string[] = [];
  const create = (log: CtLog) => ({
    log,
    counters: new LogCounters(),
    status: new LogStatus(),
    start: () => events.push(`start ${log.source.name}`),
    stop: () => (log.source.name === 'stuck' ? new Promise(() => undefined) : Promise.resolve()),
  });
  const share = {
    start: (follower: LogFollower) => void follower.follow(logs),
    pause: () => undefined,
    stop: () => Promise.resolve(void events.push('leases')),
    ownershipOf: () => undefined,
  } as unknown as LogShare;
  const tailers = { create, prepare, release: () => Promise.resolve() } as unknown as TailerFactory;
  const states = { saveLast: () => Promise.resolve(void events.push('save')) } as unknown as LogStateStore;
  const periodic = { every: () => undefined } as unknown as PeriodicWork;
  return { events, service: new TailingService(share, tailers, states, periodic) };
}

describe('the stop of TailingService', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    Logger.overrideLogger(undefined as never);
  });

  it('goes on although the last entries of a log are never stored, with a line that names the log', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    Logger.overrideLogger(false);
    const warned = vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    const { events, service } = serviceWith(() => Promise.resolve(START));
    service.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toEqual(['start stuck', 'start fine']);
    const stopped = service.stop();
    await vi.advanceTimersByTimeAsync(4900);
    expect(events).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(200);
    await stopped;
    expect(events.slice(2)).toEqual(['save', 'leases']);
    expect(warned).toHaveBeenCalledExactlyOnceWith('1 log did not end within 5 s: stuck.example');
  });

  it('ends the attempts to open logs, before the last save', async () => {
    const open = new Map<string, () => void>();
    const wanted = new Map<string, () => boolean>();
    const { events, service } = serviceWith(({ source: { name } }, { isWanted }) => {
      wanted.set(name, isWanted);
      return new Promise((resolve) => open.set(name, () => resolve(START)));
    });
    service.start();
    await new Promise(setImmediate);
    expect([...wanted.values()].map((isWanted) => isWanted())).toEqual([true, true]);
    const stopped = service.stop();
    expect([...wanted.values()].map((isWanted) => isWanted())).toEqual([false, false]);
    await new Promise(setImmediate);
    expect(events).toEqual([]);
    for (const opened of open.values()) opened();
    await stopped;
    expect(events).toEqual(['save', 'leases']);
    expect(service.followed()).toEqual([]);
  });
});
