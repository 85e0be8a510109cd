import { afterEach, describe, expect, it } from 'vitest';
import { FakeCtLog } from '../../../test/support/fake-ct-log.js';
import { follow, stopTailers } from '../../../test/support/tailer-harness.js';
import { VirtualClock } from '../../../test/support/virtual-clock.js';

afterEach(stopTailers);

function setUp() {
  const clock = new VirtualClock();
  const client = new FakeCtLog(clock);
  client.size = () => 64;
  return { clock, client };
}

describe('HeadPoller', () => {
  it.each<[string, number]>([
    ['older', 1],
    ['newer', 1e9],
  ])('reports two roots for one size once, also when the second head is %s', async (_what, timestamp) => {
    const { clock, client } = setUp();
    const isOther = (time: number) => time > 10_000 && time < 40_000;
    client.root = (time) => (isOther(time) ? 1 : 0);
    client.timestamp = (time) => (isOther(time) ? timestamp : time);
    const { stats, found } = follow(client, clock);
    await clock.runUntil(60_000);
    expect(found).toHaveLength(1);
    const { kind, evidence } = found[0];
    expect(kind).toBe('equivocation');
    expect(evidence.heads).toMatchObject([{ treeSize: 64 }, { timestamp }]);
    expect(evidence.heads.map(({ rootHash }) => rootHash[0])).toEqual([0, 1]);
    expect(stats.verificationFailures).toBe(1);
    expect(stats.errors.get('CT_TREE_FORK')).toBe(1);
  });

  it('saves evidence of a smaller tree that was signed later, once for each larger tree', async () => {
    const { clock, client } = setUp();
    client.size = (time) => (time > 10_000 && time < 40_000 ? Math.floor(time / 1000) : 64);
    const { stats, found } = follow(client, clock);
    stats.verification = 'verified';
    await clock.runUntil(30_000);
    expect(stats.verification).toBe('broken');
    await clock.runUntil(60_000);
    expect(found).toHaveLength(1);
    const { kind, evidence } = found[0];
    expect(kind).toBe('rollback');
    expect(evidence.heads).toMatchObject([{ treeSize: 64 }, {}]);
    expect(evidence.heads[1].treeSize).toBeLessThan(64);
    expect(stats).toMatchObject({ verificationFailures: 1, treeSize: 64 });
  });

  it('saves no evidence if heads are not signed, or if a cache repeats an older head', async () => {
    const { clock, client } = setUp();
    client.size = (time) => (time > 10_000 && time < 40_000 ? 10 : 64);
    const unsigned = follow(client, clock, { isSigned: false });
    const repeating = new FakeCtLog(clock);
    repeating.size = (time) => (time % 10_000 < 5000 ? 10 : 64);
    repeating.timestamp = repeating.size;
    const signed = follow(repeating, clock);
    await clock.runUntil(60_000);
    expect([...unsigned.found, ...signed.found]).toEqual([]);
    expect(signed.stats.errors.get('CT_TREE_HEAD_OLDER')).toBeGreaterThan(0);
  });

  it.each([
    ['has smaller trees for a long time and no key', false, 64, 1],
    ['has smaller signed trees', true, 64, 0],
    ['has smaller trees now and then', false, 2000, 0],
  ])('starts over at a position beyond the tree when the log %s', async (_what, isSigned, most, times) => {
    const { clock, client } = setUp();
    client.size = (time) => (time % 120_000 < 110_000 ? 64 : most);
    let startedOver = 0;
    const startOver = () => void startedOver++;
    const { lines } = follow(client, clock, { start: 1000, isSigned, startOver });
    await clock.runUntil(4 * 60_000);
    expect(startedOver).toBe(0);
    await clock.runUntil(8 * 60_000);
    expect(startedOver).toBe(times);
    expect(lines.filter((line) => line.includes('forgot its unverified position 1000'))).toHaveLength(times);
  });

  it('starts over when the first head named an absurd size', async () => {
    const { clock, client } = setUp();
    client.size = (time) => (time < 3000 ? 1e12 : 64);
    let startedOver = 0;
    follow(client, clock, { isSigned: false, startOver: () => void startedOver++ });
    await clock.runUntil(15 * 60_000);
    expect(startedOver).toBeGreaterThan(0);
  });

  it('counts larger trees that were signed before smaller ones, and follows them', async () => {
    const { clock, client } = setUp();
    client.size = (time) => (time > 10_000 ? 65 : 64);
    client.timestamp = (time) => (time > 10_000 ? 1 : time);
    const { stats, lines } = follow(client, clock);
    await clock.runUntil(60_000);
    expect(stats.treeSize).toBe(65);
    expect(stats.errors.get('CT_TREE_HEAD_REVERSED')).toBe(1);
    expect(lines.filter((line) => line.includes('before its tree of 64'))).toHaveLength(1);
  });

  it('counts heads with a time in the future, logs them once, and logs when that is over', async () => {
    const { clock, client } = setUp();
    client.timestamp = () => clock.wallTime() + (clock.time < 20_000 ? 300_001 : 0);
    client.size = (time) => (time < 20_000 ? 64 : 65);
    const { stats, lines } = follow(client, clock);
    await clock.runUntil(100_000);
    expect(stats.errors.get('CT_TREE_HEAD_FUTURE')).toBeGreaterThan(1);
    expect(lines.filter((line) => line.includes('is in the future'))).toHaveLength(2);
    expect(lines.at(-1)).toMatch(/^resolved: .*is in the future/);
  });

  it('recognises the same head in a different answer', async () => {
    const { clock, client } = setUp();
    client.timestamp = () => 5;
    const { stats } = follow(client, clock);
    await clock.runUntil(60_000);
    expect(stats.unchangedHeads).toBe(client.heads.length - 1);
  });
});
