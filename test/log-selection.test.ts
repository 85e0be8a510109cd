import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { LogIndices } from './support/log-indices.js';
import { range } from './support/range.js';
import { TestSystem, type TestSystemOptions } from '../src/testing/test-system.js';
import { statsOf } from './support/log-figures.js';

const INITIAL = 5;
const ADDED = 5;

type Simulator = TestSystem['simulator'];

const keyOf = (log: SimulatedLog): string => log.key.spki.toString('base64');

/**
 * `rfc` and `tiled` of Simulator and `foreign` and `foreign-tiled` of Other are listed. The `own` logs are not
 * listed.
 */
const LOGS: TestSystemOptions['logs'] = [
  { name: 'rfc' },
  { name: 'tiled', protocol: 'static-ct', submissionName: 'submit-tiled' },
  { name: 'foreign', operator: 'Other' },
  { name: 'foreign-tiled', operator: 'Other', protocol: 'static-ct' },
  { name: 'own', listed: false },
  { name: 'own-tiled', listed: false, protocol: 'static-ct', submissionName: 'submit-own' },
].map((log) => ({ ...log, initialEntries: INITIAL }) as NonNullable<TestSystemOptions['logs']>[number]);

const LISTED = ['rfc', 'tiled', 'foreign', 'foreign-tiled'];

interface Selection {
  readonly what: string;
  readonly general: (simulator: Simulator) => Record<string, unknown>;
  readonly follows: readonly string[];
  /** Logs that are followed and whose answers are rejected. */
  readonly fails?: readonly string[];
}

const SELECTIONS: readonly Selection[] = [
  {
    what: 'excluded_logs by operator, in any case',
    general: () => ({ excluded_logs: [{ operator: 'oTHER' }] }),
    follows: ['rfc', 'tiled'],
  },
  {
    what: 'excluded_logs by URL, with or without scheme and slash, monitoring or submission prefix',
    general: (simulator) => ({
      excluded_logs: [
        { url: simulator.log('rfc').url },
        { url: simulator.log('tiled').submissionUrl },
        { url: simulator.log('foreign').url.replace(/^http:\/\/|\/$/g, '') },
      ],
    }),
    follows: ['foreign-tiled'],
  },
  {
    what: 'additional logs together with the list, with and without key',
    general: (simulator) => ({
      additional_logs: [{ url: simulator.log('own').url, operator: 'Me', description: 'My log' }],
      additional_tiled_logs: [
        {
          url: simulator.log('own-tiled').url,
          submission_url: simulator.log('own-tiled').submissionUrl,
          key: keyOf(simulator.log('own-tiled')),
        },
      ],
    }),
    follows: [...LISTED, 'own', 'own-tiled'],
  },
  {
    what: 'additional logs alone',
    general: (simulator) => ({
      disable_default_logs: true,
      additional_logs: [{ url: simulator.log('own').url, key: keyOf(simulator.log('own')) }],
      additional_tiled_logs: [{ url: simulator.log('own-tiled').url }],
    }),
    follows: ['own', 'own-tiled'],
  },
  {
    what: 'an additional log that is in the list as well',
    general: (simulator) => ({
      additional_logs: [{ url: simulator.log('rfc').url }],
      additional_tiled_logs: [{ url: simulator.log('tiled').url }],
    }),
    follows: LISTED,
  },
  {
    what: 'additional logs with the key of another log or another submission prefix',
    general: (simulator) => ({
      additional_logs: [{ url: simulator.log('own').url, key: keyOf(simulator.log('rfc')) }],
      additional_tiled_logs: [
        { url: simulator.log('own-tiled').url, submission_url: `${simulator.url}/elsewhere` },
      ],
    }),
    follows: LISTED,
    fails: ['own', 'own-tiled'],
  },
];

describe.each(SELECTIONS)('$what', ({ general, follows, fails = [] }) => {
  let system: TestSystem;
  let indices: LogIndices;

  beforeAll(async () => {
    system = await TestSystem.prepare({
      logs: LOGS,
      config: (simulator) => ({ general: general(simulator) }),
    });
    await system.startServer();
    await system.following(follows.length);
    indices = new LogIndices(await system.connect('/'));
    for (const log of system.simulator.logs) {
      log.append(ADDED);
      log.publish();
    }
    await indices.upTo(INITIAL + ADDED, ...follows.map((name) => system.simulator.log(name)));
  });
  afterAll(() => system?.close());

  it('streams each selected log once and no other', () => {
    for (const log of system.simulator.logs) {
      const expected = follows.includes(log.options.name) ? range(INITIAL, INITIAL + ADDED) : [];
      expect([log.options.name, ...indices.of(log)]).toEqual([log.options.name, ...expected]);
      if (expected.length === 0 && !fails.includes(log.options.name)) expect(log.requests.total).toBe(0);
    }
  });

  if (fails.length === 0) return;

  it('requests the failing logs, rejects their answers and counts the reason', async () => {
    for (const name of fails) {
      const log = system.simulator.log(name);
      await system.eventually(() => (statsOf(system, log)?.errors.size ?? 0) > 0, `errors of ${name}`);
      expect(statsOf(system, log)).toMatchObject({ state: 'failing', entries: 0 });
      expect(log.requests.count('get-entries') + log.requests.count('tile-data')).toBe(0);
    }
  });
});

describe('names in source', () => {
  it('come from the configuration if it has them, else from the list', async () => {
    const system = await TestSystem.start({
      logs: LOGS,
      config: (simulator) => ({
        general: {
          additional_logs: [
            { url: simulator.log('own').url, operator: 'Me', description: 'My log' },
            { url: simulator.log('foreign').url },
          ],
        },
      }),
    });
    try {
      await system.following(LISTED.length + 1);
      const reader = await system.connect('/');
      const names = { own: 'My log of Me', foreign: "Other 'foreign' of Other" };
      for (const name of Object.keys(names)) {
        system.simulator.log(name).append(1);
        system.simulator.log(name).publish();
      }
      await reader.until(({ frames }) => frames.length === 2);
      const sources = reader.updates().map(({ data: { source } }) => `${source.name} of ${source.operator}`);
      expect(new Set(sources)).toEqual(new Set(Object.values(names)));
    } finally {
      await system.close();
    }
  });
});

describe('a log whose key does not fit', () => {
  const inList = { verify_signature: false };

  it('is left out with one log line when the list contradicts itself, without an effect on other logs', async () => {
    const system = await TestSystem.prepare({ logs: LOGS, config: { log_list: inList } });
    try {
      const { simulator } = system;
      const [id, other] = ['rfc', 'tiled'].map((name) => simulator.log(name).key.logId.toString('base64'));
      simulator.faults.add({
        kind: 'custom',
        endpoint: 'log-list',
        hooks: {
          reply: (reply) => ({ ...reply, body: Buffer.from(reply.body.toString().replace(id, other)) }),
        },
      });
      await system.startServer();
      await system.following(LISTED.length - 1);
      expect(statsOf(system, simulator.log('rfc'))).toBeUndefined();
      expect(system.output.filter((line) => line.includes('log_id is not the SHA-256 of key'))).toHaveLength(
        1,
      );
    } finally {
      await system.close();
    }
  });

  it('is rejected when it signs with a key that the list does not name', async () => {
    const system = await TestSystem.prepare({ logs: LOGS });
    try {
      const log = system.simulator.log('rfc');
      log.faults.add({ kind: 'other-key', endpoint: '*' });
      await system.startServer();
      await system.following(LISTED.length - 1);
      await system.eventually(() => statsOf(system, log)?.state === 'failing', 'the log to fail');
      expect([...statsOf(system, log)!.errors.keys()]).toEqual(['CT_TREE_HEAD_SIGNATURE']);
    } finally {
      await system.close();
    }
  });
});
