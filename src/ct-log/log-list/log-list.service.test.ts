import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import { firstValueFrom, skip } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { configSchema } from '../../config/config-schema.js';
import { CtLogSimulator } from '../../simulator/ct-log-simulator.js';
import type { CtLog } from '../client/ct-log.js';
import { CtHttpClient } from '../client/http/ct-http-client.js';
import type { LogList } from './log-list.js';
import { LogListSource } from './log-list-source.js';
import { LogListService } from './log-list.service.js';

let simulator: CtLogSimulator;
let folder: string;
const services: LogListService[] = [];
const clients: CtHttpClient[] = [];

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(undefined as never));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-list-'));
  simulator = await CtLogSimulator.start({
    certificates: 1,
    logs: [{ name: 'one' }, { name: 'two', operator: 'Other' }, { name: 'three', protocol: 'static-ct' }],
  });
  await writeFile(join(folder, 'key.pem'), simulator.publicKeyPem);
});
afterEach(async () => {
  for (const service of services.splice(0)) service.onModuleDestroy();
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await simulator.close();
  await rm(folder, { recursive: true });
});

function start(general: object = {}, logList: object = {}): LogListService {
  const config = configSchema.parse({
    general,
    log_list: {
      url: simulator.logListUrl,
      public_key_path: join(folder, 'key.pem'),
      cache_file: join(folder, 'cache.json'),
      ...logList,
    },
  });
  const http = CtHttpClient.fromConfig(config);
  const service = new LogListService(config.general, config.log_list, http, new PeriodicWork());
  services.push(service);
  clients.push(http);
  service.start();
  return service;
}

async function names(service: LogListService): Promise<string[]> {
  const logs: readonly CtLog[] = await firstValueFrom(service.wanted$);
  return logs.map(({ source }) => source.url.slice(simulator.url.length + 1)).sort();
}

describe('LogListService', () => {
  it('emits the logs of the signed list', async () => {
    const service = start();
    expect(await names(service)).toEqual(['one', 'three', 'two']);
    expect(service.status).toMatchObject({
      isUsed: true,
      source: 'network',
      version: '1.1',
      lastError: undefined,
    });
  });

  it('adds and removes logs as the list changes', async () => {
    const service = start({ excluded_logs: [{ operator: 'other' }] });
    expect(await names(service)).toEqual(['one', 'three']);
    simulator.log('one').setState('retired');
    simulator.addLog({ name: 'four' });
    const changed = firstValueFrom(service.wanted$.pipe(skip(1)));
    await service.refresh();
    await changed;
    expect(await names(service)).toEqual(['four', 'three']);
  });

  it('keeps old logs without drop_old_logs, and always keeps configured logs', async () => {
    const url = simulator.log('two').url;
    const keeping = start({ drop_old_logs: false });
    const dropping = start({ additional_logs: [{ url }] });
    await Promise.all([names(keeping), dropping.refresh()]);
    simulator.log('one').setState('retired');
    simulator.log('two').setState('retired');
    await Promise.all([keeping.refresh(), dropping.refresh()]);
    expect(await names(keeping)).toEqual(['one', 'three', 'two']);
    expect(await names(dropping)).toEqual(['three', 'two']);
  });

  it.each([
    ['a wrong signature', () => (simulator.logList.faults.signature = 'bad'), 'CT_LOG_LIST_SIGNATURE'],
    [
      'the signature of another key',
      () => (simulator.logList.faults.signature = 'other-key'),
      'CT_LOG_LIST_SIGNATURE',
    ],
    ['no logs', () => (simulator.logList.faults.content = 'empty'), 'CT_LOG_LIST_SHRUNKEN'],
    ['no list', () => (simulator.logList.faults.content = 'not-json'), 'CT_LOG_LIST_MALFORMED'],
    [
      'an error',
      () => simulator.faults.add({ kind: 'status', status: 500, endpoint: 'log-list' }),
      'CT_HTTP_STATUS',
    ],
  ])('keeps the last good list after %s, and starts with it from the cache', async (_what, breakIt, code) => {
    const service = start();
    expect(await names(service)).toEqual(['one', 'three', 'two']);
    breakIt();
    await service.refresh();
    expect(await names(service)).toEqual(['one', 'three', 'two']);
    expect(service.status).toMatchObject({ source: 'network', lastError: { code } });
    const restarted = start();
    expect(await names(restarted)).toEqual(['one', 'three', 'two']);
    expect(restarted.status).toMatchObject({ source: 'cache', version: '1.1', lastSuccessAt: 0 });
  });

  it('does not use a changed cache file', async () => {
    await names(start());
    simulator.logList.faults.signature = 'bad';
    const service = start({ additional_logs: [{ url: simulator.log('one').url }] }, { public_key_path: '' });
    await service.refresh();
    expect(service.status).toMatchObject({ source: 'none', lastError: { code: 'CT_LOG_LIST_SIGNATURE' } });
    expect(await names(service)).toEqual(['one']);
  });

  it('starts without a list and uses it when it becomes available', async () => {
    const fault = simulator.faults.add({ kind: 'status', status: 503, endpoint: 'log-list' });
    const service = start();
    await service.refresh();
    expect(service.status.source).toBe('none');
    fault.remove();
    await service.refresh();
    expect(await names(service)).toEqual(['one', 'three', 'two']);
    expect(service.status).toMatchObject({ source: 'network', lastError: undefined });
  });

  it('retries by itself', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      simulator.faults.add({ kind: 'status', status: 503, endpoint: 'log-list', times: 1 });
      const service = start();
      await vi.waitFor(() => expect(service.status.lastError).toBeDefined());
      vi.advanceTimersByTime(5000);
      expect(await names(service)).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('retries also if the cache was read for longer than the pause before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let haveRead = (): void => undefined;
    const reading = new Promise<undefined>((resolve) => (haveRead = () => resolve(undefined)));
    const readCache = vi.spyOn(LogListSource.prototype, 'readCache').mockReturnValue(reading);
    try {
      simulator.faults.add({ kind: 'status', status: 503, endpoint: 'log-list', times: 1 });
      const service = start();
      await vi.waitFor(() => expect(readCache).toHaveBeenCalled());
      vi.advanceTimersByTime(5000);
      haveRead();
      expect(await names(service)).toHaveLength(3);
    } finally {
      readCache.mockRestore();
      vi.useRealTimers();
    }
  });

  it('continues without a writable cache file', async () => {
    await writeFile(join(folder, 'file'), '');
    const service = start({}, { cache_file: join(folder, 'file', 'cache.json') });
    expect(await names(service)).toHaveLength(3);
  });

  it('uses no list that arrives when the server has stopped', async () => {
    let arrive: ((list: LogList) => void) | undefined;
    const download = new Promise<LogList>((resolve) => (arrive = resolve));
    const spy = vi.spyOn(LogListSource.prototype, 'download').mockReturnValue(download);
    const service = start();
    service.onModuleDestroy();
    arrive?.({ version: '9', timestamp: undefined, logs: [], skipped: [] });
    await service.refresh();
    spy.mockRestore();
    expect(service.status.source).toBe('none');
  });

  it('reads no list if it is disabled', async () => {
    const service = start({
      disable_default_logs: true,
      additional_logs: [{ url: simulator.log('one').url }],
    });
    expect(await names(service)).toEqual(['one']);
    await service.refresh();
    expect(simulator.requests.total).toBe(0);
    expect(service.status).toMatchObject({ isUsed: false, source: 'none' });
  });
});
