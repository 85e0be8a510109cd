import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { consistencyIsProven, hashOfLeaf, merkleTreeHash } from '../testing/merkle-verifier.js';
import { LogFixture } from '../testing/log-fixture.js';

let fixture: LogFixture;
beforeEach(async () => {
  fixture = await LogFixture.start();
});
afterEach(() => fixture.simulator.close());

describe('faults of the tree head', () => {
  it.each(['bad-signature', 'other-key'] as const)(
    '%s: get-sth and checkpoint do not verify',
    async (kind) => {
      expect((await fixture.sth()).isSigned).toBe(true);
      const healthy = (await fixture.get('checkpoint')).body.toString();
      fixture.log.faults.add({ endpoint: ['get-sth', 'checkpoint'], kind });
      expect(await fixture.sth()).toMatchObject({ isSigned: false, size: 20 });
      const note = (await fixture.get('checkpoint')).body.toString();
      expect(note.split('\n\n')[0]).toBe(healthy.split('\n\n')[0]);
      expect(note).not.toBe(healthy);
    },
  );

  it('wrong-root: the head is signed, but its root is wrong', async () => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'wrong-root' });
    const { isSigned, root } = await fixture.sth();
    expect(isSigned).toBe(true);
    expect(root).not.toEqual(fixture.log.head.rootHash);
  });

  it('older-head: the tree is smaller on all endpoints', async () => {
    fixture.log.faults.add({ endpoint: '*', kind: 'older-head' });
    const { isSigned, size, root } = await fixture.sth();
    expect([isSigned, size]).toEqual([true, 10]);
    expect(root).toEqual(fixture.log.history.tree.root(10));
    expect((await fixture.get('ct/v1/get-entries?start=10&end=10')).status).toBe(400);
    fixture.log.faults.clear();
    fixture.log.faults.add({ endpoint: '*', kind: 'older-head', size: 3 });
    expect((await fixture.sth()).size).toBe(3);
  });

  it('clock-skew: the timestamp differs', async () => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'clock-skew', ms: 86_400_000 });
    expect(await fixture.sth()).toMatchObject({
      isSigned: true,
      timestamp: fixture.log.head.timestamp + 86_400_000,
    });
  });

  it('fork: the second history is consistent with itself and not with the first', async () => {
    const before = await fixture.page('ct/v1/get-entries?start=0&end=19');
    fixture.log.faults.add({ endpoint: '*', kind: 'fork', from: 15 });
    const { isSigned, size, root } = await fixture.sth();
    expect([isSigned, size]).toEqual([true, 20]);
    const after = await fixture.page('ct/v1/get-entries?start=0&end=19');
    expect(after.slice(0, 15)).toEqual(before.slice(0, 15));
    expect(after[15]).not.toEqual(before[15]);
    expect(
      merkleTreeHash(after.map(({ leaf_input }) => hashOfLeaf(Buffer.from(leaf_input, 'base64')))),
    ).toEqual(root);
    const { consistency } = JSON.parse(
      (await fixture.get('ct/v1/get-sth-consistency?first=15&second=20')).body.toString(),
    ) as {
      consistency: string[];
    };
    const proof = consistency.map((hash) => Buffer.from(hash, 'base64'));
    expect(consistencyIsProven(15, 20, fixture.log.history.tree.root(15), root, proof)).toBe(true);
    fixture.log.append(5);
    fixture.log.publish();
    const grown = await fixture.page('ct/v1/get-entries?start=0&end=24');
    expect(grown.slice(0, 20)).toEqual(after);
    expect((await fixture.sth()).size).toBe(25);
  });

  it('fork of every second head: the log equivocates', async () => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'fork', from: 15, every: 2 });
    const [first, second, third] = [await fixture.sth(), await fixture.sth(), await fixture.sth()];
    expect([first.isSigned, second.isSigned]).toEqual([true, true]);
    expect(first.root).not.toEqual(second.root);
    expect(first.root).toEqual(third.root);
    expect(first.size).toBe(second.size);
  });

  it('shorter fork of every second head: histories of different sizes alternate', async () => {
    fixture.log.faults.add({ endpoint: 'get-sth', kind: 'fork', from: 15, shorter: 3, every: 2 });
    const [forked, own] = [await fixture.sth(), await fixture.sth()];
    expect([forked.isSigned, own.isSigned]).toEqual([true, true]);
    expect(forked.size).toBe(own.size - 3);
    expect(forked.root).not.toEqual(fixture.log.history.tree.root(forked.size));
  });
});
