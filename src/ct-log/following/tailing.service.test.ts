import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { BehaviorSubject } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryJournal } from '../../../test/support/feed.js';
import type { EntryBatch } from '../../certificate/entry-batch.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import { configSchema } from '../../config/config-schema.js';
import { CtLogSimulator } from '../../simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../../simulator/simulated-log.js';
import type { CertificateFeed } from '../../feed/certificate-feed.js';
import type { CtLog } from '../client/ct-log.js';
import { CtHttpClient } from '../client/http/ct-http-client.js';
import type { LogListService } from '../log-list/log-list.service.js';
import { LogRequests } from '../scheduling/log-requests.js';
import { LogStateStore } from '../state/log-state-store.js';
import { LogCounters } from '../reporting/log-counters.js';
import { LogStatus } from '../reporting/log-status.js';
import { LogShare } from './log-share.js';
import { TailerFactory } from './tailer-factory.js';
import { TailingService } from './tailing.service.js';
import { range } from '../../../test/support/range.js';

let simulator: CtLogSimulator;
let folder: string;
let wanted: BehaviorSubject<readonly CtLog[]>;
let seen: Map<string, number[]>;
let states: LogStateStore | undefined;
let periodic: PeriodicWork;
const stops: (() => Promise<void>)[] = [];

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(undefined as never));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tailing-'));
  seen = new Map();
  periodic = new PeriodicWork();
  simulator = await CtLogSimulator.start({
    certificates: 20,
    logs: [
      { name: 'pages', pageSize: 32, initialEntries: 40 },
      { name: 'tiles', protocol: 'static-ct', initialEntries: 300, partialTilesVanish: true },
    ],
  });
  wanted = new BehaviorSubject<readonly CtLog[]>(simulator.logs.map((log) => wantedLog(log)));
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  periodic.beforeApplicationShutdown();
  await states?.onApplicationShutdown();
  await simulator.close();
  await rm(folder, { recursive: true });
});

function wantedLog(log: SimulatedLog): CtLog {
  const isTiled = log.options.protocol === 'static-ct';
  return {
    source: {
      name: log.options.name,
      url: log.url.replace(/\/$/, ''),
      operator: 'Simulator',
      type: isTiled ? 'tiled' : 'rfc6962',
    },
    ...(isTiled ? { submissionUrl: log.submissionUrl } : {}),
    key: log.key.spki,
    configured: false,
  };
}

function publish({ source, firstIndex, count }: EntryBatch): void {
  const indices = seen.get(source.name) ?? [];
  seen.set(source.name, indices);
  for (let i = 0; i < count; i++) indices.push(firstIndex + i);
}

/** Returns the share of a server that works alone. */
function shareOfAll(): LogShare {
  const logList = { wanted$: wanted, start: () => undefined } as unknown as LogListService;
  return new LogShare(logList, undefined as unknown as LogStateStore, configSchema.parse({}).cluster);
}

/** Returns a factory whose logs are prepared at once. */
function factoryOf(create: unknown): TailerFactory {
  const prepare = () => Promise.resolve({});
  const release = () => Promise.resolve();
  return { prepare, release, create } as unknown as TailerFactory;
}

async function start(): Promise<TailingService> {
  const config = configSchema.parse({
    general: { recovery: { enabled: true, ct_index_file: join(folder, 'ct_index.json') } },
    ct_log: { poll_interval_seconds: 0.1 },
  });
  const http = CtHttpClient.fromConfig(config);
  await states?.onApplicationShutdown();
  states = new LogStateStore(config.general, memoryJournal());
  await states.onModuleInit();
  const factory = new TailerFactory(
    config,
    http,
    {
      publish,
      ready: () => undefined,
      resume: () => undefined,
      journal: memoryJournal(),
    } as unknown as CertificateFeed,
    states,
  );
  const service = new TailingService(shareOfAll(), factory, states, periodic);
  service.start();
  stops.push(async () => {
    await service.stop();
    await http.close();
  });
  return service;
}

function stateOf(service: TailingService): Record<string, string> {
  return Object.fromEntries(service.followed().map(({ log, status }) => [log.source.name, status.state]));
}

function grow(count: number): void {
  for (const log of simulator.logs) {
    log.append(count);
    log.publish();
  }
}

const bothFollowing = { pages: 'following', tiles: 'following' };
const soon = { interval: 20 };

describe('TailingService', () => {
  it('follows logs of both kinds from their heads on, without gaps or repeated entries, also after a restart', async () => {
    const first = await start();
    await vi.waitFor(() => expect(stateOf(first)).toEqual(bothFollowing), soon);
    grow(100);
    await vi.waitFor(() => expect(seen.get('tiles')?.length).toBe(100), soon);
    await vi.waitFor(() => expect(seen.get('pages')?.length).toBe(100), soon);
    await first.stop();
    grow(600);
    const second = await start();
    await vi.waitFor(() => expect(seen.get('tiles')?.length).toBe(700), soon);
    await vi.waitFor(() => expect(seen.get('pages')?.length).toBe(700), soon);
    expect(seen.get('pages')).toEqual(range(40, 740));
    expect(seen.get('tiles')).toEqual(range(300, 1000));
    const tiles = () => second.followed().find(({ log }) => log.source.name === 'tiles')!;
    await vi.waitFor(() => expect(tiles().status).toMatchObject({ nextIndex: 1000, treeSize: 1000 }), soon);
    expect(tiles().counters).toMatchObject({ entries: 600, unresolvedIssuers: 0 });
  });

  it('starts and stops logs as the list changes, and resumes a log that returns', async () => {
    const closed = vi.spyOn(LogRequests.prototype, 'close');
    const service = await start();
    await vi.waitFor(() => expect(stateOf(service)).toEqual(bothFollowing), soon);
    const both = wanted.value;
    wanted.next(both.slice(0, 1));
    expect(Object.keys(stateOf(service))).toEqual(['pages']);
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce(), soon);
    grow(10);
    await vi.waitFor(() => expect(seen.get('pages')?.length).toBe(10), soon);
    expect(seen.get('tiles')).toBeUndefined();
    wanted.next(both);
    await vi.waitFor(() => expect(seen.get('tiles')).toEqual(range(300, 310)), soon);
  });

  it('keeps the other logs running when one log fails', async () => {
    const pages = simulator.log('pages');
    const service = await start();
    await vi.waitFor(() => expect(stateOf(service)).toEqual(bothFollowing), soon);
    const fault = pages.faults.add({ kind: 'html', endpoint: '*' });
    grow(50);
    await vi.waitFor(() => expect(seen.get('tiles')?.length).toBe(50), soon);
    await vi.waitFor(() => expect(stateOf(service)).toEqual({ pages: 'failing', tiles: 'following' }), soon);
    fault.remove();
    await vi.waitFor(() => expect(seen.get('pages')).toEqual(range(40, 90)), soon);
    await vi.waitFor(() => expect(stateOf(service)).toEqual(bothFollowing), soon);
  });

  it('starts a log whose scheme changed after its old tailer has stopped', async () => {
    const started: string[] = [];
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    const create = (log: CtLog) => ({
      log,
      counters: new LogCounters(),
      status: new LogStatus(),
      start: () => started.push(log.source.url),
      stop: () => done,
    });
    const service = new TailingService(
      shareOfAll(),
      factoryOf(create),
      { save: () => Promise.resolve() } as unknown as LogStateStore,
      periodic,
    );
    const [log] = wanted.value;
    wanted.next([log]);
    service.start();
    await vi.waitFor(() => expect(started).toHaveLength(1), soon);
    const secure = log.source.url.replace('http:', 'https:');
    wanted.next([{ ...log, source: { ...log.source, url: secure } }]);
    expect(started).toEqual([log.source.url]);
    finish();
    await vi.waitFor(() => expect(started).toEqual([log.source.url, secure]), soon);
  });

  it('starts a log over after its old tailer has stopped, without any saved state', async () => {
    const events: string[] = [];
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    let startOver = (): void => undefined;
    const create = (log: CtLog, _start: unknown, on: { startOver: () => void }) => {
      startOver = on.startOver;
      return {
        log,
        counters: new LogCounters(),
        status: new LogStatus(),
        start: () => events.push('start'),
        stop: () => done,
      };
    };
    const service = new TailingService(
      shareOfAll(),
      factoryOf(create),
      {
        save: () => Promise.resolve(),
        forget: ({ source }: CtLog) => events.push(`forget ${source.name}`),
      } as unknown as LogStateStore,
      periodic,
    );
    wanted.next([wanted.value[0]]);
    service.start();
    await vi.waitFor(() => expect(events).toHaveLength(1), soon);
    startOver();
    expect(events).toEqual(['start']);
    finish();
    await vi.waitFor(() => expect(events).toEqual(['start', 'forget pages', 'start']), soon);
  });

  it('stops only once, even if stop() is called several times', async () => {
    const service = await start();
    await vi.waitFor(() => expect(stateOf(service)).toEqual(bothFollowing), soon);
    await Promise.all([service.stop(), service.onModuleDestroy(), service.stop()]);
    expect(service.followed()).toEqual([]);
    wanted.next([...wanted.value]);
    expect(service.followed()).toEqual([]);
  });
});
