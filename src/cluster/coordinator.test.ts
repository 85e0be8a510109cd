import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.js';
import { encodeBeat } from './member-beat.js';
import { Rendezvous } from './rendezvous.js';
import { ClusterHarness, type TestMember } from './testing/cluster-harness.js';

const UNITS = ['Argon', 'Oak', 'Nimbus', 'Sabre', 'Willow', 'Elephant', 'Tiger', 'Sphinx'];
const [A, B, C] = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc'];
const rendezvous = new Rendezvous();

let clock: VirtualClock;
let cluster: ClusterHarness;

beforeEach(() => {
  clock = new VirtualClock(0.5, 4);
  cluster = new ClusterHarness(clock);
});

/** Returns the share of each of the members by rendezvous hashing. */
function sharesOf(...ids: readonly string[]): Record<string, string[]> {
  const wanted: Record<string, string[]> = Object.fromEntries(ids.map((id) => [id, []]));
  for (const unit of UNITS) wanted[rendezvous.preferred(unit, ids)!].push(unit);
  return wanted;
}

function shares(): Record<string, string[]> {
  return Object.fromEntries(
    cluster.members.map(({ id, working }) => [id, UNITS.filter((unit) => working.has(unit))]),
  );
}

function whats({ events }: TestMember): string[] {
  return events.map(({ what }) => what);
}

describe('rendezvous hashing', () => {
  it('moves only the units of the member that goes', () => {
    const before = sharesOf(A, B, C);
    const after = sharesOf(A, C);
    expect(after[A]).toEqual(expect.arrayContaining(before[A]));
    expect(after[C]).toEqual(expect.arrayContaining(before[C]));
    expect([...after[A], ...after[C]].sort()).toEqual([...UNITS].sort());
  });
});

describe('members of a cluster', () => {
  it('that start together share the units, each once', async () => {
    for (const id of [A, B, C]) cluster.join(id, UNITS);
    await clock.runUntil(4000);
    expect(shares()).toEqual(sharesOf(A, B, C));
    for (const member of cluster.members)
      expect(whats(member).filter((what) => !what.startsWith('acquired'))).toEqual([]);
    expect(cluster.members[0].coordinator.members.live().map(({ id }) => id)).toEqual([A, B, C]);
    for (const { leases, id } of cluster.members)
      for (const unit of UNITS) expect(leases.holds(unit)).toBe(leases.owners().get(unit) === id);
  });

  it('take over from a member that was killed within four seconds', async () => {
    for (const id of [A, B]) cluster.join(id, UNITS);
    await clock.runUntil(6400);
    cluster.members[1].clock.isKilled = true;
    const lost = sharesOf(A, B)[B];
    expect(lost.length).toBeGreaterThan(0);
    await clock.runUntil(6400 + 4000);
    expect(shares()[A]).toEqual(UNITS);
    const early = cluster.members[0].events.filter(
      ({ at, what }) => at > 6400 && at < 6400 + 2000 && lost.includes(what),
    );
    expect(early).toEqual([]);
  });

  it('take over at once from a member that stops, after its work has ended', async () => {
    const [first, second] = [A, B].map((id) => cluster.join(id, UNITS));
    await clock.runUntil(6000);
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    second.finish = () => finished;
    const stopped = second.coordinator.stop();
    await clock.runUntil(8000);
    expect(shares()).toEqual(sharesOf(A, B));
    expect(second.leases.holds(sharesOf(A, B)[B][0])).toBe(true);
    finish();
    await clock.runUntil(8050);
    expect(shares()[A]).toEqual(UNITS);
    await stopped;
    expect(first.coordinator.members.live().map(({ id }) => id)).toEqual([A]);
  });

  it('hand over the share of a member that joins, and nothing else', async () => {
    const first = cluster.join(A, UNITS);
    await clock.runUntil(5000);
    expect(shares()[A]).toEqual(UNITS);
    cluster.join(B, UNITS);
    await clock.runUntil(9000);
    expect(shares()).toEqual(sharesOf(A, B));
    const moved = sharesOf(A, B)[B].map((unit) => `release ${unit}`);
    const released = whats(first).filter((what) => what.startsWith('release'));
    expect(released.sort()).toEqual(moved.sort());
    expect(whats(first)).not.toContainEqual(expect.stringMatching(/^lost/));
  });

  it('that were paused have lost their leases, and never renew them', async () => {
    const [first, second] = [A, B].map((id) => cluster.join(id, UNITS));
    await clock.runUntil(6000);
    second.clock.isPaused = true;
    await clock.runUntil(14_000);
    expect(shares()[A]).toEqual(UNITS);
    const [unit] = sharesOf(A, B)[B];
    expect(second.leases.holds(unit)).toBe(false);
    second.clock.resume();
    await clock.runUntil(14_100);
    expect(second.working.size).toBe(0);
    expect(whats(second)).toContain(`lost ${unit}`);
    expect(first.leases.holds(unit)).toBe(true);
    await clock.runUntil(20_000);
    expect(shares()).toEqual(sharesOf(A, B));
  });

  it('that do not hear each other leave the leases with their owners', async () => {
    const [first, second] = [A, B].map((id) => cluster.join(id, UNITS));
    await clock.runUntil(6000);
    second.isCutOff = true;
    await clock.runUntil(20_000);
    expect(shares()).toEqual(sharesOf(A, B));
    expect(whats(first)).not.toContainEqual(expect.stringMatching(/^(lost|release)/));
    expect(whats(second)).not.toContainEqual(expect.stringMatching(/^(lost|release)/));
  });

  it('give up all leases while the records cannot be written, and take the same ones afterwards', async () => {
    for (const id of [A, B, C]) cluster.join(id, UNITS);
    await clock.runUntil(6000);
    cluster.records.isAway = true;
    await clock.runUntil(20_000);
    expect(shares()).toEqual({ [A]: [], [B]: [], [C]: [] });
    cluster.records.isAway = false;
    for (let time = 20_100; time < 26_000; time += 100) {
      await clock.runUntil(time);
      for (const unit of UNITS) expect(cluster.workersOf(unit).length).toBeLessThanOrEqual(1);
    }
    expect(shares()).toEqual(sharesOf(A, B, C));
    for (const { events } of cluster.members)
      expect(events.filter(({ what }) => what.startsWith('acquired')).length).toBe(
        2 * events.filter(({ what }) => what.startsWith('lost')).length,
      );
  });

  it('keep their leases when the bucket is lost', async () => {
    for (const id of [A, B]) cluster.join(id, UNITS);
    await clock.runUntil(6000);
    cluster.records.clear();
    await clock.runUntil(12_000);
    expect(shares()).toEqual(sharesOf(A, B));
    for (const member of cluster.members)
      expect(whats(member)).not.toContainEqual(expect.stringMatching(/^lost/));
  });

  it.each([
    ['an empty record', ''],
    ['octets that are not text', '\u0000\uffff'],
    ['JSON of another kind', '[1,2]'],
    ['an owner that is no id', '{"owner":{"a":1}}'],
    ['null', 'null'],
  ])('take over a lease whose record is damaged: %s', async (_what, text) => {
    for (const id of [A, B]) cluster.join(id, UNITS);
    await clock.runUntil(6000);
    for (const unit of UNITS) cluster.records.overwrite(`logs.${unit}`, Buffer.from(text, 'latin1'));
    await clock.runUntil(13_000);
    expect(shares()).toEqual(sharesOf(A, B));
  });

  it('ignore messages that are no beats', async () => {
    const first = cluster.join(A, UNITS);
    await clock.runUntil(4000);
    const beat = encodeBeat({
      member: { id: B, name: 'b', role: 'all', version: '1', startedAt: 0 },
      state: 'active',
      groups: new Map([['logs', { wanted: UNITS, held: new Map([['Oak', 5]]), freed: new Map() }]]),
    });
    let random = 1;
    for (let i = 0; i < 2000; i++) {
      const damaged = Buffer.from(beat);
      for (let changes = 0; changes < 3; changes++) {
        random = (random * 48_271) % 2_147_483_647;
        damaged[random % damaged.length] = (random >>> 8) & 0xff;
      }
      first.coordinator.receive(damaged.subarray(0, i % 5 === 0 ? random % damaged.length : undefined));
    }
    first.coordinator.receive(Buffer.alloc(0));
    await clock.runUntil(12_000);
    expect(shares()[A]).toEqual(UNITS);
  });

  it('take part by their roles', async () => {
    cluster.join(A, UNITS, 'ingest');
    cluster.join(B, UNITS, 'gateway');
    await clock.runUntil(5000);
    expect(shares()).toEqual({ [A]: UNITS, [B]: [] });
    expect([...cluster.members[1].leases.owners().keys()].sort()).toEqual([...UNITS].sort());
  });

  it('give a unit only to a member that names it', async () => {
    const first = cluster.join(A, UNITS);
    cluster.join(B, ['Oak']);
    await clock.runUntil(6000);
    expect([...shares()[A], ...shares()[B]].sort()).toEqual([...UNITS].sort());
    first.leases.want(new Set(UNITS.slice(1)));
    await clock.runUntil(7000);
    expect(whats(first)).toContain(`release ${UNITS[0]}`);
    expect(first.leases.holds(UNITS[0])).toBe(false);
  });

  it('leave a unit that they decline to another member, until that one is gone or their time is over', async () => {
    const [first, second] = [A, B].map((id) => cluster.join(id, UNITS));
    await clock.runUntil(6000);
    const [unit] = sharesOf(A, B)[A];
    expect(first.leases.decline(unit, 60_000)).toBe(true);
    await clock.runUntil(8000);
    expect(second.leases.holds(unit)).toBe(true);
    expect(whats(first)).toContain(`release ${unit}`);
    // Nothing flaps meanwhile.
    await clock.runUntil(50_000);
    expect(whats(second).filter((what) => what.endsWith(` ${unit}`))).toEqual([`acquired ${unit}`]);
    await clock.runUntil(70_000);
    expect(shares()).toEqual(sharesOf(A, B));
    expect(first.leases.decline(unit, 60_000)).toBe(true);
    await clock.runUntil(72_000);
    expect(second.leases.holds(unit)).toBe(true);
    await second.coordinator.stop();
    await clock.runUntil(76_000);
    expect(first.leases.holds(unit)).toBe(true);
  });

  it('keep a unit that no other member wants', async () => {
    const first = cluster.join(A, UNITS);
    const second = cluster.join(B, UNITS.slice(1));
    await clock.runUntil(6000);
    expect(first.leases.decline(UNITS[0], 60_000)).toBe(false);
    const [both] = sharesOf(A, B)[A].filter((unit) => unit !== UNITS[0]);
    first.leases.decline(both, 60_000);
    await clock.runUntil(8000);
    expect(second.leases.decline(both, 60_000)).toBe(false);
    await clock.runUntil(20_000);
    expect(first.leases.holds(UNITS[0])).toBe(true);
    expect(second.leases.holds(both)).toBe(true);
  });

  it('give a lease up when its work does not end in time', async () => {
    const [first, second] = [A, B].map((id) => cluster.join(id, UNITS));
    await clock.runUntil(6000);
    second.finish = () => new Promise(() => undefined);
    const stopped = second.coordinator.stop();
    await clock.runUntil(21_000);
    await stopped;
    expect(second.working.size).toBe(0);
    expect(first.working.size).toBe(UNITS.length);
  });
});
