import { describe, expect, it, onTestFinished } from 'vitest';
import { certificateFeed } from '../../../test/support/feed.js';
import { emptyEntries } from '../../../test/support/stream-app.js';
import type { CertificateUpdate } from '../../certificate/certificate-message.js';
import { certificate, name, text } from '../../certificate/testing/der-builder.js';
import { batchOf, chainOf, issuersByOctet } from '../../certificate/testing/log-entries.js';
import { CertificateFeed } from '../../feed/certificate-feed.js';
import { RecentEntries } from './recent-entries.js';

const MB = 1024 * 1024;

function start(): { feed: CertificateFeed; recent: RecentEntries } {
  const feed = certificateFeed();
  const recent = new RecentEntries(feed);
  recent.onModuleInit();
  onTestFinished(() => recent.onModuleDestroy());
  return { feed, recent };
}

function latest(recent: RecentEntries): CertificateUpdate[] {
  return (JSON.parse(recent.latest('go')!.toString()) as { messages: CertificateUpdate[] }).messages;
}

const indices = (recent: RecentEntries): number[] => latest(recent).map(({ data }) => data.cert_index);

/** Returns how many octets the kept batches hold in memory. */
const keptBytes = (recent: RecentEntries): number =>
  (Reflect.get(recent, 'batches') as { batch: { bytes: number } }[]).reduce(
    (sum, { batch }) => sum + batch.bytes,
    0,
  );

const large = (size: number): Buffer => certificate({ subject: name(['O', text('x'.repeat(size))]) });

describe(RecentEntries.name, () => {
  it('shows the newest 25 entries, newest first', () => {
    const { feed, recent } = start();
    feed.publish(emptyEntries(0, 500));
    expect(indices(recent)).toEqual(Array.from({ length: 25 }, (_, i) => 499 - i));
    for (let i = 0; i < 24; i++) feed.publish(emptyEntries(500 + i, 1));
    expect(indices(recent)).toEqual(Array.from({ length: 25 }, (_, i) => 523 - i));
    recent.onModuleDestroy();
    feed.publish(emptyEntries(525, 1));
    expect(JSON.parse(recent.newest('lite', 'go')!.toString())).toHaveProperty('data.cert_index', 523);
  });

  it('builds one answer for all requests until the next entry arrives', () => {
    const { feed, recent } = start();
    expect(recent.latest('go')).toBeUndefined();
    expect(recent.newest('full', 'go')).toBeUndefined();
    feed.publish(emptyEntries(0, 3));
    const answer = recent.latest('go');
    expect(recent.latest('go')).toBe(answer);
    expect(recent.latest('calidog')).not.toBe(answer);
    expect(recent.newest('full', 'go')).toBe(recent.newest('full', 'go'));
    feed.publish(emptyEntries(3, 1));
    expect(indices(recent)).toEqual([3, 2, 1, 0]);
  });

  it.each(['rfc6962', 'tiled'] as const)('prints entries of %s as they were published', (type) => {
    const { feed, recent } = start();
    const issuers = [certificate(), large(100)];
    const prints = Buffer.concat([Buffer.alloc(32, 0), Buffer.alloc(32, 1)]);
    const entries = Array.from({ length: 40 }, (_, i) => ({
      timestamp: i,
      submitted: large(i),
      chain: type === 'tiled' ? prints : chainOf(...issuers),
    }));
    const batch = batchOf(entries, type === 'tiled' ? { type, issuers: issuersByOctet(issuers) } : {});
    const texts: string[] = [];
    feed.batches$.subscribe((published) => {
      for (const entry of published) texts.push(entry.json('full').trim());
    });
    feed.publish(batch);
    expect(recent.newest('full', 'go')!.toString()).toBe(texts.at(-1));
    expect(texts.at(-1)).toContain('"chain":[{');
  });

  it('keeps no entry that is too large, however many arrive', () => {
    const { feed, recent } = start();
    feed.publish(emptyEntries(0, 2));
    const huge = batchOf([{ timestamp: 0, submitted: large(4 * MB), chain: Buffer.alloc(0) }]);
    for (let i = 0; i < 100; i++) feed.publish(huge);
    expect(Reflect.get(recent, 'batches')).toHaveLength(1);
    expect(indices(recent)).toEqual([1, 0]);
  });

  it('keeps little memory for any size of entries and pages', () => {
    const { feed, recent } = start();
    const issuer = large(60_000);
    const issuers = issuersByOctet(Array.from({ length: 256 }, () => Buffer.from(issuer)));
    for (let i = 0; i < 30; i++) {
      const chain = Buffer.from(Array.from({ length: 32 * 100 }, (_, at) => (at >> 5) + i));
      const entry = { timestamp: 0, submitted: large(1.1 * MB), chain };
      feed.publish(batchOf([entry], { firstIndex: i, type: 'tiled', issuers }));
      expect(keptBytes(recent)).toBeLessThan(5 * MB);
    }
    expect(recent.latest('go')?.length ?? 0).toBeLessThan(4 * MB);
    const entry = { timestamp: 0, submitted: large(900_000), chain: Buffer.alloc(0) };
    for (let i = 30; i < 60; i++) feed.publish(batchOf([entry], { firstIndex: i }));
    expect(keptBytes(recent)).toBeLessThan(5 * MB);
    expect(recent.latest('go')!.length).toBeLessThan(4 * MB);
    expect(indices(recent)[0]).toBe(59);
    feed.publish(emptyEntries(60, 25));
    expect(indices(recent)).toHaveLength(25);
  });
});
