import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture } from '../testing/log-fixture.js';
import { completeRawEntry } from '../log/raw-entry.js';
import type { FaultSpec } from './faults.js';

const range = Array.from({ length: 10 }, (_, i) => i);
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

  it('flip-chain does not change the leaf', async () => {
    fixture.log.faults.add({ endpoint: 'get-entries', kind: 'flip-chain', at: 1 });
    expect(await fixture.indices()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await fixture.page())[1]?.extra_data).not.toBe(fixture.log.entry(1).extraData.toString('base64'));
  });

  it.each([
    ['flip-leaf', 'x509_entry'],
    ['flip-leaf', 'precert_entry'],
  ] as const)('%s changes the next %s', async (kind, type) => {
    fixture.log.faults.add({ endpoint: 'get-entries', kind, type, at: 2 });
    const first = range.find((i) => i >= 2 && fixture.log.entry(i).type === type);
    expect(await fixture.indices()).toEqual(range.map((i) => (i === first ? -1 : i)));
  });

  it.each(['flip-precertificate', 'other-issuer'] as const)(
    '%s changes the data of a precertificate outside the leaf, in both forms',
    async (kind) => {
      const tile = (await fixture.get('tile/data/000.p/20')).body;
      fixture.log.faults.add({ endpoint: ['get-entries', 'tile-data'], kind, at: 1 });
      expect(await fixture.indices()).toEqual(range);
      const first = range.find((i) => i >= 1 && fixture.log.entry(i).type === 'precert_entry')!;
      const { leafInput, extraData, chain } = fixture.log.entry(first);
      const served = Buffer.from((await fixture.page())[first].extra_data, 'base64');
      const read = completeRawEntry({ leafInput, extraData: served }, () => undefined);
      if (kind === 'other-issuer') expect(read.chain).toEqual(chain.slice(1));
      else {
        expect(served).toHaveLength(extraData.length);
        expect([...served].filter((byte, i) => byte !== extraData[i])).toHaveLength(1);
      }
      const changed = (await fixture.get('tile/data/000.p/20')).body;
      expect(changed).not.toEqual(tile);
      expect(changed.includes(read.tileLeaf)).toBe(true);
    },
  );

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
