import dns from 'node:dns';
import { afterEach, expect, it } from 'vitest';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { SimulatedLog } from '../../src/simulator/log/simulated-log.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import { range } from '../support/stream-reader.js';
import { TestSystem } from '../support/system.js';

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

/** A healthy listed log, and one on a server of its own whose address is `host`. */
async function follow(host: string): Promise<{
  system: TestSystem;
  indices: LogIndices;
  remote: CtLogSimulator;
  log: SimulatedLog;
  /** As the server knows it. */
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
    config: { general: { additional_logs: [{ url, operator: 'Remote', description: 'remote', key }] } },
  });
  closing.push(() => system.close());
  await system.startServer();
  await system.following(2);
  const indices = new LogIndices(await system.connect('/'));
  return { system, indices, remote, log, seen: { url }, healthy: system.simulator.log('healthy') };
}

it(`connections refused → other logs are not held up; ${NOTHING_LOST}`, async () => {
  const { system, indices, remote, log, seen, healthy } = await follow('127.0.0.1');
  await remote.goAway();
  for (const one of [log, healthy]) grow(one, 20);
  await system.eventually(() => system.statsOf(seen)!.errors.has('CT_NETWORK'), 'a refused connection');
  await indices.upTo(INITIAL + 20, healthy);
  expect(indices.of(seen)).toEqual([]);
  await remote.comeBack();
  await indices.upTo(INITIAL + 20, seen);
  expect(indices.of(seen)).toEqual(range(INITIAL, INITIAL + 20));
});

it(`a name that is not resolved → it is asked for again; ${NOTHING_LOST}`, async () => {
  const real = dns.lookup;
  let isResolved = true;
  let questions = 0;
  const lookup = (
    name: string,
    options: dns.LookupAllOptions,
    answer: (...results: unknown[]) => void,
  ): void => {
    if (name !== HOST) return real(name, options, answer);
    questions++;
    const address = { address: '127.0.0.1', family: 4 };
    if (isResolved) return answer(null, options.all ? [address] : address.address, address.family);
    answer(Object.assign(new Error(`getaddrinfo ENOTFOUND ${HOST}`), { code: 'ENOTFOUND' }));
  };
  Object.assign(dns, { lookup });
  closing.push(() => void Object.assign(dns, { lookup: real }));
  const { system, indices, remote, log, seen, healthy } = await follow(HOST);
  expect(questions).toBeGreaterThan(0);

  isResolved = false;
  await remote.goAway();
  await remote.comeBack();
  for (const one of [log, healthy]) grow(one, 20);
  const before = questions;
  await system.eventually(() => system.statsOf(seen)!.errors.has('CT_NETWORK'), 'the failure');
  await system.eventually(() => questions > before + 2, 'more than one try');
  await indices.upTo(INITIAL + 20, healthy);
  expect(indices.of(seen)).toEqual([]);
  isResolved = true;
  await indices.upTo(INITIAL + 20, seen);
  expect(indices.of(seen)).toEqual(range(INITIAL, INITIAL + 20));
});
