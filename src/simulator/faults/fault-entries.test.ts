import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture } from '../testing/log-fixture.js';
import type { FaultSpec } from './faults.js';

let fixture: LogFixture;
beforeEach(async () => {
  fixture = await LogFixture.start();
});
afterEach(() => fixture.simulator.close());

describe('faults of the entries', () => {
  it.each([
    ['short-page', { count: 3 }, [0, 1, 2]],
    ['empty-page', {}, []],
    ['too-many-entries', { extra: 2 }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['duplicate-entry', { at: 2 }, [0, 1, 2, 2, 3, 4, 5, 6, 7, 8]],
    ['skip-entry', { at: 1 }, [0, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['reorder-entries', { at: 3 }, [0, 1, 2, 4, 3, 5, 6, 7, 8, 9]],
    ['flip-leaf', { at: 4 }, [0, 1, 2, 3, -1, 5, 6, 7, 8, 9]],
  ] as const)('%s', async (kind, options, expected) => {
    fixture.log.faults.add({ endpoint: 'get-entries', kind, ...options } as FaultSpec);
    expect(await fixture.indices()).toEqual(expected);
  });

  it('flip-chain leaves the leaf alone', async () => {
    fixture.log.faults.add({ endpoint: 'get-entries', kind: 'flip-chain', at: 1 });
    expect(await fixture.indices()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await fixture.page())[1]?.extra_data).not.toBe(fixture.log.entry(1).extraData.toString('base64'));
  });

  it('also act on data tiles, gzip or not', async () => {
    const whole = (await fixture.get('tile/data/000.p/20')).body;
    fixture.log.faults.add({ endpoint: 'tile-data', kind: 'flip-leaf', at: 1, times: 1 });
    const { body } = await fixture.get('tile/data/000.p/20');
    const changed = [...body.keys()].filter((i) => body[i] !== whole[i]);
    expect(changed).toHaveLength(1);
    expect(changed[0]).toBeGreaterThan(fixture.log.entry(0).tileLeaf.length);
    expect((await fixture.get('tile/data/000.p/20')).body).toEqual(whole);
    const gzip = fixture.simulator.addLog({ name: 'gzip', protocol: 'static-ct', initialEntries: 20 });
    gzip.faults.add({ endpoint: 'tile-data', kind: 'short-page', count: 19 });
    const leaves = Array.from({ length: 19 }, (_, i) => gzip.entry(i).tileLeaf);
    expect(gunzipSync((await fixture.get('tile/data/000.p/20', gzip)).body)).toEqual(Buffer.concat(leaves));
  });
});
