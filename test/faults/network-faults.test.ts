import dns from 'node:dns';
import { afterEach, expect, it } from 'vitest';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';

const HOST = 'ct-log.test.invalid';
const INITIAL = 10;
const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function grow(log: SimulatedLog, count: number): void {
  log.append(count);
  log.publish();
}

/** Follows a healthy listed log, and a log on another server with the address `host`. It does not wait for `others`. */
async function follow(
  host: string,
  { following = 2, others = [] }: { following?: number; others?: readonly string[] } = {},
): Promise<{
  system: TestSystem;
  indices: LogIndices;
  remote: CtLogSimulator;
  log: SimulatedLog;
  /** The log at `host`, with the URL that the server uses. */
  seen: { readonly url: string };
  healthy: SimulatedLog;
}> {
  const remote = await CtLogSimulator.start({
    certificates: 20,
    logs: [{ name: 'remote', initialEntries: INITIAL }],
  });
  closing.push(() => remote.close());
  const [log] = remote.logs;
  const url = log.url.replace('127.0.0.1', host);
  const key = log.key.spki.toString('base64');
  const system = await TestSystem.prepare({
    logs: [{ name: 'healthy', initialEntries: INITIAL }],
    config: {
      general: {
        additional_logs: [url, ...others].map((each) => ({
          url: each,
          operator: each,
          description: each,
          ...(each === url ? { key } : {}),
        })),
      },
      ct_log: { connection_reuse: others.length === 0, poll_interval_seconds: 0.25 },
    },
  });
  closing.push(() => system.close());
  await system.startServer();
  await system.following(following);
  const indices = new LogIndices(await system.connect('/'));
  return { system, indices, remote, log, seen: { url }, healthy: system.simulator.log('healthy') };
}

it(`connections refused → other logs are not held up; ${NOTHING_LOST}`, async () => {
  const { system, indices, remote, log, seen, healthy } = await follow('127.0.0.1');
  await remote.goAway();
  for (const one of [log, healthy]) grow(one, 20);
  await system.eventually(() => statsOf(system, seen)!.errors.has('CT_NETWORK'), 'a refused connection');
  await indices.upTo(INITIAL + 20, healthy);
  expect(indices.of(seen)).toEqual([]);
  await remote.comeBack();
  await indices.upTo(INITIAL + 20, seen);
  expect(indices.of(seen)).toEqual(range(INITIAL, INITIAL + 20));
});

type Resolution = 'address' | 'failure' | 'silence';

/** The operating system's resolver. */
interface Resolver {
  /** Its answer for {@link HOST}. */
  answer: Resolution;
  /** Number of look-ups of {@link HOST}. */
  questions: number;
  /** Its answer for names below `other.test`. */
  others?: Resolution;
}

/** Replaces getaddrinfo, with as many parallel look-ups as libuv has threads for them. */
function resolvesBy(resolver: Resolver): void {
  const real = dns.lookup;
  const waiting: (() => void)[] = [];
  let threads = 2;
  const ask = (name: string, answer: (...results: unknown[]) => void): void => {
    if (name === HOST) resolver.questions++;
    const resolution = name === HOST ? resolver.answer : resolver.others;
    if (resolution === 'silence') return void threads--;
    if (resolution === 'address') return answer(null, [{ address: '127.0.0.1', family: 4 }]);
    answer(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
  };
  const lookup = (
    name: string,
    options: dns.LookupAllOptions,
    answer: (...results: unknown[]) => void,
  ): void => {
    if (name !== HOST && !name.endsWith('.other.test')) return real(name, options, answer);
    if (threads > 0) ask(name, answer);
    else waiting.push(() => ask(name, answer));
  };
  Object.assign(dns, { lookup });
  closing.push(() => void Object.assign(dns, { lookup: real }));
}

it(`a name that does not resolve → it is looked up again; ${NOTHING_LOST}`, async () => {
  const resolver: Resolver = { answer: 'failure', questions: 0 };
  resolvesBy(resolver);
  const { system, indices, log, seen, healthy } = await follow(HOST, { following: 1 });
  await system.eventually(() => statsOf(system, seen)!.errors.has('CT_NETWORK'), 'the failure');
  await system.eventually(() => resolver.questions > 2, 'more than one try');
  expect(system.output.join('')).toContain(`the name ${HOST} does not resolve (ENOTFOUND)`);
  grow(healthy, 20);
  await indices.upTo(INITIAL + 20, healthy);
  resolver.answer = 'address';
  await system.following(2);
  grow(log, 20);
  await indices.upTo(INITIAL + 20, seen);
  expect(indices.of(seen)).toEqual(range(INITIAL, INITIAL + 20));
});

it.each(['failure', 'silence'] as const)(
  `%s of the resolver after an earlier answer → the server connects to the address of that answer; ${NOTHING_LOST}`,
  async (answer) => {
    const resolver: Resolver = { answer: 'address', questions: 0 };
    resolvesBy(resolver);
    const { system, indices, remote, log, seen } = await follow(HOST);
    resolver.answer = answer;
    await remote.goAway();
    await system.eventually(() => resolver.questions > 1, 'a look-up after refused connections');
    await remote.comeBack();
    grow(log, 20);
    await indices.upTo(INITIAL + 20, seen);
    expect(indices.of(seen)).toEqual(range(INITIAL, INITIAL + 20));
  },
);

it(`8 names that hang, and one connection per request → other logs are not held up; ${NOTHING_LOST}`, async () => {
  const resolver: Resolver = { answer: 'address', questions: 0 };
  resolvesBy(resolver);
  const others = Array.from({ length: 8 }, (_, i) => `http://${i}.other.test/`);
  const { system, indices, log, seen, healthy } = await follow(HOST, { others });
  for (const url of others)
    await system.eventually(() => statsOf(system, { url })!.errors.has('CT_NETWORK'), `failure of ${url}`);
  resolver.others = 'silence';
  for (let size = INITIAL + 20; size <= INITIAL + 100; size += 20) {
    for (const one of [log, healthy]) grow(one, 20);
    for (const one of [seen, healthy]) await indices.upTo(size, one);
  }
  expect(indices.of(seen)).toEqual(range(INITIAL, INITIAL + 100));
});
