import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultHandle } from '../src/simulator/faults/faults.js';
import type { SimulatedLog } from '../src/simulator/simulated-log.js';
import { faultsOf, faultSpec, GROWN, INITIAL, NOTHING_LOST } from './support/log-faults.js';
import { LogIndices } from './support/log-indices.js';
import { range } from './support/range.js';
import { TestSystem } from '../src/testing/test-system.js';
import { statsOf } from './support/log-figures.js';

const END = GROWN + 20;
/**
 * Each operator runs several failing logs, and one of them also the healthy log. A single operator for all would be
 * slowed to the limits that its logs request.
 */
const OPERATORS = 8;
const SHARING = 5;
/** The operator of the healthy log, and of the first fault, which limits the rate. */
const SHARED = 0;

function grow(log: SimulatedLog, size: number): void {
  log.append(size - log.size);
  log.publish();
}

/** All faults at the same time, each on its own log, and one healthy log. */
describe.each(['rfc6962', 'static-ct'] as const)('a log (%s) with', (protocol) => {
  const faults = faultsOf(protocol);
  let system: TestSystem;
  let indices: LogIndices;
  let healthy: SimulatedLog;
  let arrivedMeanwhile: number[];
  const handles: FaultHandle[] = [];
  const logOf = (i: number): SimulatedLog => system.simulator.log(`log-${i}`);

  beforeAll(async () => {
    const names = [...faults.keys()].map((i) => `log-${i}`);
    system = await TestSystem.start({
      logs: [...names, 'healthy'].map((name, i) => ({
        name,
        operator: `Operator ${name === 'healthy' ? SHARED : i % OPERATORS}`,
        protocol,
        initialEntries: INITIAL,
        pageSize: 64,
      })),
      config: {
        ct_log: { poll_interval_seconds: 1, request_timeout_seconds: 2, max_response_mb: 1 },
      },
    });
    indices = new LogIndices(await system.connect('/'));
    await system.eventually(
      () => system.simulator.logs.every((log) => statsOf(system, log)?.verification === 'verified'),
      'every log to be verified',
    );
    healthy = system.simulator.log('healthy');
    for (const [i, fault] of faults.entries()) handles.push(logOf(i).faults.add(faultSpec(fault, protocol)));
    for (const log of system.simulator.logs) grow(log, GROWN);
    await Promise.all([indices.upTo(GROWN, healthy), ...handles.map(({ fired }) => fired)]);
    for (const [i, { code }] of faults.entries()) {
      if (code === undefined) continue;
      const errors = () => statsOf(system, logOf(i))?.errors;
      await system.eventually(() => errors()?.has(code) ?? false, `${code} for ${faults[i].name}`);
    }
    grow(healthy, END);
    await indices.upTo(END, healthy);
    arrivedMeanwhile = faults.map((_, i) => indices.of(logOf(i)).length);
    for (const handle of handles) handle.remove();
    for (const log of system.simulator.logs) grow(log, END);
  });

  afterAll(() => system?.close());

  it('all faults at once → other logs are not delayed', () => {
    const siblings = faults.filter((_, i) => i % OPERATORS === SHARED);
    expect(siblings.length).toBeGreaterThanOrEqual(SHARING);
    expect(siblings.map(({ code }) => code)).toContain('CT_RATE_LIMITED');
    expect(indices.of(healthy)).toEqual(range(INITIAL, END));
    const came = faults.filter(({ code, goesOn }, i) => code && !goesOn && arrivedMeanwhile[i] > 0);
    expect(came).toEqual([]);
  });

  for (const [i, { name, promise = NOTHING_LOST }] of faults.entries()) {
    it(`${name} → ${promise}`, async () => {
      await indices.upTo(END, logOf(i));
      const came = indices.of(logOf(i));
      const once = faults[i].again ? [...new Set(came)].sort((a, b) => a - b) : came;
      expect(once).toEqual(range(INITIAL, END));
      await system.eventually(
        () => statsOf(system, logOf(i))!.state === 'following',
        'the log to be followed',
      );
    });
  }
});
