import { Logger } from '@nestjs/common';
import { BehaviorSubject } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cluster } from '../../cluster/cluster.js';
import type { LeaseHandler } from '../../cluster/leases.js';
import { clusterSection } from '../../config/sections/cluster.js';
import type { CtLog } from '../client/ct-log.js';
import type { LogListService } from '../log-list/log-list.service.js';
import type { LogStateStore } from '../state/log-state-store.js';
import { LogShare } from './log-share.js';

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

function log(name: string, operator = 'Op'): CtLog {
  return {
    source: { name, url: `https://${name}`, operator, type: 'rfc6962' },
    configured: false,
  };
}

describe(LogShare.name, () => {
  let wanted: BehaviorSubject<readonly CtLog[]>;
  let share: LogShare;
  let handler: LeaseHandler;
  /** What the share asks of the store and of the leases. */
  let events: string[];
  let followed: string[];
  /** Reads the state of a log. */
  let take: (name: string) => Promise<void>;
  /** Whether another member of the cluster wants the units. */
  let hasOthers: boolean;
  /** Resolves when the logs that are not followed any more have ended. */
  let ended: Promise<void>;

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(undefined as never));
  afterEach(() => {
    share.pause();
    vi.useRealTimers();
  });

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    wanted = new BehaviorSubject<readonly CtLog[]>([log('a'), log('b'), log('c', 'Other')]);
    events = [];
    followed = [];
    take = () => Promise.resolve();
    hasOthers = true;
    ended = Promise.resolve();
    const states = {
      take: ({ source }: CtLog) => take(source.name),
      save: (logs: readonly CtLog[]) => {
        events.push(`save ${logs.map(({ source }) => source.name).join(' ')}`);
        return Promise.resolve();
      },
      drop: ({ source }: CtLog) => void events.push(`drop ${source.name}`),
    } as unknown as LogStateStore;
    const cluster = {
      leases: (_group: string, given: LeaseHandler) => {
        handler = given;
        return {
          want: () => undefined,
          holds: () => true,
          owners: () => new Map(),
          stop: () => Promise.resolve(),
          decline: (unit: string, ms: number) => {
            events.push(`decline ${unit} ${ms / 60_000}`);
            if (hasOthers) void handler.release(unit);
            return hasOthers;
          },
        };
      },
    } as unknown as Cluster;
    const list = { wanted$: wanted, start: () => undefined } as unknown as LogListService;
    const config = clusterSection.parse({ servers: ['localhost'] });
    share = new LogShare(list, states, config, cluster);
    share.start({
      follow: (logs) => {
        followed = logs.map(({ source }) => source.name);
        return ended;
      },
    });
  });

  it('follows the logs of its units, and gives them up with their states saved', async () => {
    handler.acquired('Op');
    await settled();
    expect(followed).toEqual(['a', 'b']);
    await handler.release('Op');
    expect(followed).toEqual([]);
    expect(events).toEqual(['save a b', 'drop a', 'drop b']);
  });

  it('gives up a log that leaves the list, after its end, and takes it again when it returns', async () => {
    handler.acquired('Op');
    await settled();
    let end = (): void => undefined;
    ended = new Promise((resolve) => (end = resolve));
    wanted.next([log('b'), log('c', 'Other')]);
    await settled();
    expect([followed, events]).toEqual([['b'], []]);
    end();
    await settled();
    expect(events).toEqual(['save a', 'drop a']);
    const taken: string[] = [];
    take = (name) => Promise.resolve(void taken.push(name));
    wanted.next([log('a'), log('b')]);
    await settled();
    expect([taken, followed]).toEqual([['a'], ['a', 'b']]);
    handler.lost('Op');
    expect(events.slice(2).sort()).toEqual(['drop a', 'drop b']);
  });

  it('gives up a log that leaves the list before its unit is lost', async () => {
    handler.acquired('Op');
    await settled();
    ended = new Promise(() => undefined);
    wanted.next([log('b')]);
    handler.lost('Op');
    expect(events.sort()).toEqual(['drop a', 'drop b']);
  });

  it('leaves a unit to another member when a state cannot be read for ten seconds', async () => {
    take = (name) => (name === 'a' ? Promise.reject(new Error('a later version')) : Promise.resolve());
    handler.acquired('Op');
    await vi.advanceTimersByTimeAsync(9000);
    expect([followed, events]).toEqual([['b'], []]);
    await vi.advanceTimersByTimeAsync(2000);
    expect([followed, events]).toEqual([[], ['decline Op 1', 'save b', 'drop b']]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events).toHaveLength(3);
    handler.acquired('Op');
    await vi.advanceTimersByTimeAsync(11_000);
    expect(events[3]).toBe('decline Op 2');
  });

  it('leaves a unit to another member when the journal cannot be opened for ten seconds', async () => {
    handler.acquired('Op');
    await settled();
    const { onOpenFailed, onOpened } = share.ownershipOf(log('a'))!;
    onOpenFailed();
    await vi.advanceTimersByTimeAsync(8000);
    onOpened();
    onOpenFailed();
    await vi.advanceTimersByTimeAsync(9000);
    onOpenFailed();
    expect(events).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    onOpenFailed();
    await settled();
    expect(events[0]).toBe('decline Op 1');
  });

  it('leaves a unit for a minute at first, however long no other member wanted it before', async () => {
    hasOthers = false;
    take = () => Promise.reject(new Error('unreadable'));
    handler.acquired('Other');
    await vi.advanceTimersByTimeAsync(60_000);
    hasOthers = true;
    await vi.advanceTimersByTimeAsync(11_000);
    expect(new Set(events)).toEqual(new Set(['decline Other 1', 'save ']));
    handler.acquired('Other');
    await vi.advanceTimersByTimeAsync(11_000);
    expect(events).toContain('decline Other 2');
  });

  it('goes on trying when no other member wants the unit', async () => {
    hasOthers = false;
    let tries = 0;
    take = () => Promise.reject(new Error(`try ${++tries}`));
    handler.acquired('Other');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(tries).toBeGreaterThan(25);
    take = () => Promise.resolve();
    await vi.advanceTimersByTimeAsync(1000);
    expect(followed).toEqual(['c']);
  });
});
