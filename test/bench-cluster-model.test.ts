import { describe, expect, it } from 'vitest';
import { type ClusterCosts, clusterPressure, clusterUse, largest } from '../bench/support/cluster-costs.js';

const COSTS: ClusterCosts = {
  serverMicroseconds: 30,
  textMicroseconds: 10,
  publishMicroseconds: 5,
  readMicroseconds: 4,
  deliveryMicroseconds: 2,
  streamBytes: 1000,
  logBytes: 2000,
  messageBytes: 3000,
};
const LOAD = { members: 4, rate: 100, clients: 40, largestShare: 0, replicas: 3 };

describe('the model of a cluster', () => {
  it('adds up what an entry costs the member that follows its log, and every member that serves clients', () => {
    // A quarter of (30 - 10 + 5) to follow, 4 + 10 to read and render, and ten clients of 2.
    expect(clusterUse(LOAD, COSTS).core).toBeCloseTo((100 * (25 / 4 + 14 + 20)) / 1e6, 12);
  });

  it('counts the octets to clients, from logs, and over the NATS server that leads the stream', () => {
    expect(clusterUse(LOAD, COSTS)).toMatchObject({
      memberOut: 100 * (10 * 3000 + 1000 / 4),
      memberIn: 100 * (2000 / 4 + 1000),
      // To four members and two further copies.
      natsOut: 100 * 1000 * 6,
      natsStored: 100 * 1000,
    });
  });

  it('does not divide the largest operator among members', () => {
    const few = clusterUse({ ...LOAD, largestShare: 0.5 }, COSTS);
    expect(few.core).toBeCloseTo((100 * (25 / 2 + 14 + 20)) / 1e6, 12);
  });

  it('names the limit that is reached first', () => {
    const [name, part] = clusterPressure(LOAD, COSTS, { core: 1, link: 600_000 })[0];
    expect([name, part]).toEqual(['network of a member', 3_025_000 / 600_000]);
    expect(clusterPressure(LOAD, COSTS, { core: 0.001, link: 1e9 })[0][0]).toBe('CPU of a member');
    const manyMembers = { ...LOAD, members: 400, clients: 0 };
    expect(clusterPressure(manyMembers, COSTS, { core: 1, link: 1e6 })[0][0]).toBe(
      'network of a NATS server',
    );
  });

  it('finds the largest number that fits', () => {
    for (const limit of [0, 1, 2, 7, 1000]) expect(largest((number) => number <= limit)).toBe(limit);
    expect(largest(() => false)).toBe(0);
  });
});
