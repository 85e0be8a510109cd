import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogListService } from '../src/ct-log/log-list/log-list.service.js';
import type { CtLogSimulator } from '../src/simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { LogIndices } from './support/log-indices.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';
import { statsOf } from './support/log-figures.js';

interface Ready {
  readonly logs: Record<string, number>;
  readonly log_list: { readonly source: string; readonly error: string | null };
}

async function ready(system: TestSystem): Promise<Ready & { code: number }> {
  const response = await system.get('/readyz');
  return { code: response.status, ...((await response.json()) as Ready) };
}

async function grow(log: SimulatedLog, indices: LogIndices, count: number): Promise<void> {
  log.append(count);
  log.publish();
  await indices.upTo(log.size, log);
}

type Breakage = readonly [what: string, code: string, breakIt: (simulator: CtLogSimulator) => () => void];

const BREAKAGES: readonly Breakage[] = [
  ['has a wrong signature', 'CT_LOG_LIST_SIGNATURE', withFault('signature', 'bad')],
  ['is signed with another key', 'CT_LOG_LIST_SIGNATURE', withFault('signature', 'other-key')],
  ['is not a list', 'CT_LOG_LIST_MALFORMED', withFault('content', 'not-json')],
  ['is empty', 'CT_LOG_LIST_SHRUNKEN', withFault('content', 'empty')],
  ['does not exist', 'CT_HTTP_STATUS', unreachable('log-list', { kind: 'status', status: 404 })],
  ['has no signature', 'CT_HTTP_STATUS', unreachable('log-list-sig', { kind: 'status', status: 404 })],
  ['cannot be reached', 'CT_NETWORK', unreachable('log-list', { kind: 'reset' })],
];

function withFault(name: 'signature' | 'content', value: string): Breakage[2] {
  return ({ logList }) => {
    Object.assign(logList.faults, { [name]: value });
    return () => Object.assign(logList.faults, { [name]: 'good' });
  };
}

function unreachable(
  endpoint: 'log-list' | 'log-list-sig',
  fault: { kind: 'reset' } | { kind: 'status'; status: number },
): Breakage[2] {
  return ({ faults }) => {
    const handle = faults.add({ ...fault, endpoint });
    return () => handle.remove();
  };
}

const refreshOf = (system: TestSystem) => system.server.app.get(LogListService).refresh();

describe('a start', () => {
  it.concurrent.each(BREAKAGES)(
    'the list %s at a start → the server is alive, is ready as soon as it has a list, and then follows the list',
    async (_what, code, breakIt) => {
      const system = await TestSystem.prepare({ logs: [{ name: 'one' }] });
      try {
        const repair = breakIt(system.simulator);
        await system.startServer();
        await system.eventually(async () => (await ready(system)).log_list.error !== null, 'the failure');
        expect((await system.get('/healthz')).status).toBe(200);
        expect(await ready(system)).toMatchObject({ code: 503, log_list: { source: 'none', error: code } });
        repair();
        await refreshOf(system);
        await system.following(1);
        expect(await ready(system)).toMatchObject({
          code: 200,
          log_list: { source: 'network', error: null },
        });
      } finally {
        await system.close();
      }
    },
  );

  it.concurrent.each(BREAKAGES)(
    'the list %s at a start with a cached list → the logs of the cached list are followed',
    async (_what, code, breakIt) => {
      const system = await TestSystem.start({ logs: [{ name: 'one' }] });
      try {
        await system.server.stop();
        breakIt(system.simulator);
        await system.startServer();
        await system.following(1);
        expect(await ready(system)).toMatchObject({ code: 200, log_list: { source: 'cache', error: code } });
        const indices = new LogIndices(await system.connect('/'));
        await grow(system.simulator.log('one'), indices, 5);
      } finally {
        await system.close();
      }
    },
  );

  // Not concurrent: servers that run at the same time write to the log of the last one.
  it.each([
    ['null', 0],
    ['odd', 7],
  ] as const)(
    'a list whose optional fields are %s → every log of it is followed, and one line names each unusable field',
    async (content, lines) => {
      const logs = [
        { name: 'one', operator: 'A', protocol: 'static-ct' },
        { name: 'two', operator: 'B', protocol: 'rfc6962' },
      ] as const;
      const system = await TestSystem.prepare({ logs });
      try {
        system.simulator.logList.faults.content = content;
        await system.startServer();
        await system.following(2);
        const indices = new LogIndices(await system.connect('/'));
        for (const { name } of logs) await grow(system.simulator.log(name), indices, 5);
        const ignored = system.output.filter((line) => line.includes('log list: ignored'));
        expect(ignored.filter((line) => line.includes('unusable'))).toHaveLength(lines);
      } finally {
        await system.close();
      }
    },
  );

  it.concurrent('without a list requests it again', async () => {
    const system = await TestSystem.prepare({ logs: [{ name: 'one' }] });
    try {
      system.simulator.faults.add({ kind: 'reset', endpoint: 'log-list', times: 1 });
      await system.startServer();
      await system.following(1);
    } finally {
      await system.close();
    }
  });
});

describe.each([true, false])('the list at run time, drop_old_logs: %s', (drop) => {
  let system: TestSystem;
  let indices: LogIndices;
  const log = (name: string) => system.simulator.log(name);
  const refresh = () => refreshOf(system);
  const isFollowed = (name: string) => statsOf(system, log(name)) !== undefined;

  beforeAll(async () => {
    system = await TestSystem.start({
      logs: [
        { name: 'one', initialEntries: 10 },
        { name: 'two', protocol: 'static-ct', initialEntries: 10 },
      ],
      config: { general: { drop_old_logs: drop } },
    });
    indices = new LogIndices(await system.connect('/'));
  });
  afterAll(() => system?.close());

  it('follows an added log from its head', async () => {
    system.simulator.addLog({ name: 'late', initialEntries: 30 });
    await refresh();
    await system.following(3);
    await grow(log('late'), indices, 10);
    expect(indices.of(log('late'))).toEqual(range(30, 40));
  });

  it.each(['one', 'two'])('stops or keeps a log that retired, and misses nothing (%s)', async (name) => {
    await grow(log(name), indices, 10);
    log(name).setState('retired');
    await refresh();
    expect(isFollowed(name)).toBe(!drop);
    log(name).append(10);
    log(name).publish();
    if (!drop) await indices.upTo(30, log(name));
    await grow(log('late'), indices, 10);
    expect(indices.of(log(name))).toEqual(range(10, drop ? 20 : 30));
    log(name).setState('usable');
    await refresh();
    await grow(log(name), indices, 10);
    expect(indices.of(log(name))).toEqual(range(10, 40));
  });

  it('a log is removed from list and network and added again → it continues at its position, every index once', async () => {
    const gone = log('late');
    const before = indices.of(gone).length;
    const end = gone.size + 20;
    system.simulator.removeLog(gone);
    await refresh();
    expect(statsOf(system, gone) !== undefined).toBe(!drop);
    gone.append(10);
    system.simulator.restoreLog(gone);
    await refresh();
    gone.publish();
    await grow(gone, indices, 10);
    expect(indices.of(gone)).toEqual(range(30, end));
    expect(indices.of(gone)).toHaveLength(before + 20);
  });

  it('the list is forged, empty, broken or gone at run time → the last good list stays in use, and no entry is missed', async () => {
    for (const [, code, breakIt] of BREAKAGES) {
      const repair = breakIt(system.simulator);
      await refresh();
      expect(await ready(system)).toMatchObject({ code: 200, log_list: { source: 'network', error: code } });
      repair();
    }
    for (const name of ['one', 'two', 'late']) await grow(log(name), indices, 3);
  });
});

describe('the log output', () => {
  it('reports a missing list once, and its arrival', async () => {
    const system = await TestSystem.prepare({ logs: [{ name: 'one' }] });
    try {
      const fault = system.simulator.faults.add({ kind: 'status', status: 503, endpoint: 'log-list' });
      await system.startServer();
      for (let i = 0; i < 3; i++) await refreshOf(system);
      fault.remove();
      await refreshOf(system);
      const lines = system.output.filter((line) => line.includes('log list'));
      expect(lines.filter((line) => line.includes('is unavailable'))).toHaveLength(1);
      expect(lines.filter((line) => /: 1 logs? to follow/.test(line))).toHaveLength(1);
    } finally {
      await system.close();
    }
  });
});
