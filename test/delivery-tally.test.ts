import { describe, expect, it } from 'vitest';
import { DeliveryTally } from '../bench/support/delivery-tally.js';
import { OutputWatch } from '../bench/support/output-watch.js';

const A = 'https://a.example';
const B = 'https://b.example';

/** @param entries `<log> <index>` with the lane and the id, if they are not those of an ordinary message. */
function tallyOf(...entries: (readonly [url: string, index: number, lane?: string, id?: string])[]) {
  const tally = new DeliveryTally(
    'lake',
    [
      { url: A, size: 13 },
      { url: B, size: 11 },
    ],
    10,
  );
  for (const [url, index, lane = url, id = `${url}:${index}`] of entries) {
    const text = `{"data":{"cert_index":${index},"source":{"name":"Log","url":"${url}"}},"message_type":"certificate_update"}`;
    tally.add({ text: Buffer.from(text), lane, id });
  }
  return tally;
}

describe('the check of an output', () => {
  it('accepts entries that are repeated in the order of the log', () => {
    const { counts, missing, mistakes, wanted } = tallyOf(
      [A, 10],
      [A, 11],
      [B, 10],
      [A, 10],
      [A, 11],
      [A, 12],
    );
    expect({ counts, missing, mistakes, wanted }).toEqual({
      counts: { messages: 6, repeats: 2, outOfOrder: 0 },
      missing: 0,
      mistakes: [],
      wanted: 4,
    });
  });

  it('finds missing entries', () => {
    const tally = tallyOf([A, 10], [A, 12]);
    expect(tally.missing).toBe(2);
    expect(tally.missingByLog()).toEqual([
      `lake lacks 1 entries of ${A}, the first is 11`,
      `lake lacks 1 entries of ${B}, the first is 10`,
    ]);
  });

  it('finds an entry whose first message comes after that of a later entry', () => {
    expect(tallyOf([A, 10], [A, 12], [A, 11], [B, 10]).counts.outOfOrder).toBe(1);
    expect(tallyOf([A, 10], [A, 11], [A, 12], [A, 11], [B, 10]).counts.outOfOrder).toBe(0);
  });

  it.each([
    [
      'an entry that no log published',
      [A, 13],
      'entry 13 of https://a.example was not published in the test',
    ],
    ['an entry of another log', ['https://c.example', 10], 'entry 10 of https://c.example was not published'],
    ['the id of another entry', [A, 11, A, `${A}:12`], 'entry 11 of https://a.example has the id'],
    ['the id of another log', [A, 11, A, `${B}:11`], 'ids of https://a.example begin with'],
    ['a second lane of a log', [A, 11, '2'], 'https://a.example is in https://a.example and in 2'],
  ] as const)('finds %s', (_what, entry, says) => {
    expect(tallyOf([A, 10], entry).mistakes).toEqual([expect.stringContaining(says)]);
  });

  it('finds a message that is not one of an entry', () => {
    const tally = tallyOf();
    tally.add({ text: Buffer.from('\n'), lane: '' });
    expect(tally.mistakes).toEqual([expect.stringContaining('a message without entry')]);
  });
});

describe('the watch of outputs', () => {
  /** The metrics of one moment: entries, failures, seconds of the last acknowledgement, backlog. */
  const metrics = (entries: number, failures: number, at: number, backlog: number): string =>
    Object.entries({
      acknowledged_entries_total: entries,
      failures_total: failures,
      last_acknowledgement_timestamp_seconds: at,
      backlog_records: backlog,
    })
      .map(([name, value]) => `certstreamservergo_output_${name}{output="lake"} ${value}\n`)
      .join('');

  it('adds up the runs of a server that was killed', async () => {
    const moments = [metrics(100, 1, 1000, 5), undefined, metrics(0, 0, 0, 9), metrics(50, 2, 1030, 0)];
    const watch = new OutputWatch(['lake'], () => Promise.resolve(moments.shift()));
    watch.stop();
    expect([await watch.sample(), await watch.sample(), await watch.sample(), await watch.sample()]).toEqual([
      5,
      undefined,
      9,
      0,
    ]);
    expect(watch.progress('lake')).toEqual({ acknowledged: 150, failures: 3, longestSilenceMs: 30_000 });
    expect([watch.acknowledged, watch.busiestSeconds('lake')]).toEqual([150, 50]);
  });
});
