import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProblemLog } from '../../../logging/problem-log.js';
import { BackPressure } from '../../back-pressure.js';
import { testBatch } from '../testing/journal-batches.js';
import { FencedPublishers } from './fenced-publishers.js';
import type { JournalStream } from './journal-stream.js';
import type { StreamConnection } from './stream-connection.js';
import { StreamStats } from './stream-stats.js';

const LOG = { url: 'https://log.example', key: 'log.example' };

describe(FencedPublishers.name, () => {
  let pressure: BackPressure;
  let publishers: FencedPublishers;

  beforeEach(() => {
    // The servers do not answer to publishes.
    const nats = {
      isClosed: () => false,
      subscribe: () => ({ unsubscribe: () => undefined }),
      status: () => [],
      publish: () => undefined,
    };
    const stream = {
      name: 'CT',
      refresh: () => Promise.resolve({ epoch: 'e' }),
      lastOf: () => Promise.resolve(undefined),
    };
    pressure = new BackPressure();
    publishers = new FencedPublishers(
      {
        connection: { nats } as unknown as StreamConnection,
        stream: stream as unknown as JournalStream,
        settings: { prefix: 'ct', owner: 'me', inboxPrefix: '_INBOX' } as never,
        stats: new StreamStats(),
        problems: new ProblemLog({ log: () => undefined, warn: () => undefined }),
        pressure,
      },
      () => undefined,
    );
  });

  /** Opens a log that this process does not own any more, so that its publisher ends at once when the log is left. */
  const open = (url: string) => publishers.open({ ...LOG, url, isOwned: () => false }, 0, undefined);
  afterEach(() => publishers.close());

  it('asks the newest publisher of a log about its entries, although the scheme of its URL has changed', async () => {
    await open('http://log.example');
    publishers.append(testBatch(8, 1, 100, 'http://log.example'), 'next');
    expect(await publishers.stored(LOG.key)).toBe(false);
    await publishers.leave('http://log.example');
    expect(await publishers.stored(LOG.key)).toBe(false);
    await open('https://log.example');
    expect(await publishers.stored(LOG.key)).toBe(true);
  });

  it('lets a log wait alone when many of its parts, or octets, are not stored', async () => {
    const [parts, octets, other] = ['parts', 'octets', 'other'].map((name) => `https://${name}.example`);
    for (const url of [parts, octets, other])
      await publishers.open({ url, key: url, isOwned: () => false }, 0, undefined);
    for (let index = 0; index < 70; index++) publishers.append(testBatch(index, 1, 100, parts), 'next');
    for (let index = 0; index < 6; index++) publishers.append(testBatch(index, 1, 2 ** 20, octets), 'next');
    expect(publishers.ready(other)).toBeUndefined();
    expect(pressure.ready()).toBeUndefined();
    const waiting = [parts, octets].map((url) => publishers.ready(url));
    expect(waiting).toEqual([expect.any(Promise), expect.any(Promise)]);
    await Promise.all([parts, octets].map((url) => publishers.leave(url)));
    for (const wait of waiting) await wait;
    expect([parts, octets].map((url) => publishers.ready(url))).toEqual([undefined, undefined]);
  });

  it('lets all logs wait when the octets of all are too many', async () => {
    const urls = ['https://a.example', 'https://b.example'];
    for (const url of urls) await publishers.open({ url, key: url, isOwned: () => false }, 0, undefined);
    for (const url of urls) publishers.append(testBatch(0, 9, 2 ** 20, url), 'next');
    expect(pressure.ready()).toEqual(expect.any(Promise));
    for (const url of urls) await publishers.leave(url);
    expect(pressure.ready()).toBeUndefined();
  });
});
