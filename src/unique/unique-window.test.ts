import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../certificate/certificate-batch.js';
import { CertificateRenderer } from '../certificate/certificate-renderer.js';
import type { BatchPlace } from '../certificate/entry-batch.js';
import { certificate, integer, name } from '../certificate/testing/der-builder.js';
import { batchOf } from '../certificate/testing/log-entries.js';
import { SeededNumbers } from '../certificate/testing/seeded-numbers.js';
import { UniqueWindow } from './unique-window.js';

const renderer = new CertificateRenderer();
const certificates = Array.from({ length: 4000 }, (_, i) =>
  certificate({ serial: integer((i + 1).toString(16).padStart(6, '0')) }),
);
const DAMAGED = certificate().subarray(0, -40);

/** Returns the batch with the certificates of these numbers; -1 is a certificate that cannot be read. */
function batchFrom(numbers: readonly number[], place?: BatchPlace): CertificateBatch {
  const entries = numbers.map((number) => ({
    timestamp: 0,
    submitted: certificates[number] ?? DAMAGED,
    chain: Buffer.alloc(0),
  }));
  return new CertificateBatch(batchOf(entries), renderer, place);
}

function recordOf(numbers: readonly number[], seq: number): CertificateBatch {
  return batchFrom(numbers, { seq, offset: 0 });
}

function windowOf(megabytes = 1, now = () => 0): UniqueWindow {
  const window = new UniqueWindow({ megabytes, now });
  window.addClient();
  return window;
}

/** Returns which entries are repetitions for a client. */
function repeated(window: UniqueWindow, batch: CertificateBatch, since: number): boolean[] {
  const sightings = window.observe(batch);
  return Array.from({ length: batch.count }, (_, i) => sightings.isRepeated(i, since));
}

describe('a client of the live stream', () => {
  it('gets each certificate once', () => {
    const window = windowOf();
    expect(repeated(window, recordOf([1, 2, 1, 3], 50), 50)).toEqual([false, false, true, false]);
    expect(repeated(window, recordOf([3, 4], 51), 50)).toEqual([true, false]);
    expect(repeated(window, recordOf([3, 4, 5, 5], 52), 50)).toEqual([true, true, false, true]);
  });

  it('that joins later gets the certificates that it has not got', () => {
    const window = windowOf();
    window.observe(recordOf([1, 2], 50));
    window.observe(recordOf([2, 3], 51));
    expect(repeated(window, recordOf([1, 2, 3, 4], 52), 51)).toEqual([false, true, true, false]);
    expect(repeated(window, recordOf([1, 1], 53), 53)).toEqual([false, true]);
    expect(repeated(window, recordOf([1, 1], 53), 54)).toEqual([false, false]);
  });

  it('gets entries that cannot be read, each time', () => {
    const window = windowOf();
    expect(repeated(window, recordOf([-1, -1], 50), 50)).toEqual([false, false]);
    expect(repeated(window, recordOf([-1], 51), 50)).toEqual([false]);
  });

  it('gets entries whose text has a parse_error, even if they have an identity', () => {
    const window = windowOf();
    // The text of this name is more than eight times as large as the certificate.
    const subject = name(['CN', '\u0001'.repeat(4000)]);
    const entries = batchOf([{ timestamp: 0, submitted: certificate({ subject }), chain: Buffer.alloc(0) }]);
    window.observe(new CertificateBatch(entries, renderer, { seq: 50, offset: 0 }));
    const batch = new CertificateBatch(entries, renderer, { seq: 51, offset: 0 });
    expect(repeated(window, batch, 50)).toEqual([true]);
    expect(batch.entry(0).message().data.parse_error).toBe('oversized_certificate');
    batch.texts('lite');
    expect(repeated(window, batch, 50)).toEqual([false]);
  });

  it('does not miss a certificate because of entries that the journal already had', () => {
    const window = windowOf();
    window.observe(recordOf([1], 50));
    expect(repeated(window, batchFrom([1, 2, 2]), 50)).toEqual([true, false, true]);
    // A replaying client gets them from an earlier record, or never.
    expect(repeated(window, recordOf([2], 51), 50)).toEqual([false]);
  });
});

describe('a client that replays', () => {
  it('gets each certificate once, at its first record', () => {
    const window = windowOf();
    const records = [
      [1, 2],
      [2, 3],
      [1, 4, 4],
      [2, 5],
    ];
    records.forEach((numbers, i) => window.observe(recordOf(numbers, 50 + i)));
    const replay = (since: number) =>
      records.slice(since - 50).map((numbers, i) => repeated(window, recordOf(numbers, since + i), since));
    expect(replay(50)).toEqual([
      [false, false],
      [true, false],
      [true, false, true],
      [true, false],
    ]);
    // Only the first and the last sighting are known, so 2 in record 53 counts as new.
    expect(replay(51)).toEqual([
      [false, false],
      [false, false, true],
      [false, false],
    ]);
    expect(repeated(window, recordOf([1, 2, 6], 54), 51)).toEqual([true, true, false]);
  });

  it('gets each certificate once from records that are older than the window', () => {
    const window = windowOf();
    window.observe(recordOf([1, 2], 50));
    expect(repeated(window, recordOf([1, 3, 3], 10), 10)).toEqual([false, false, true]);
    expect(repeated(window, recordOf([1, 3], 11), 10)).toEqual([true, true]);
    expect(repeated(window, recordOf([1, 3, 2], 51), 10)).toEqual([true, true, true]);
    expect(repeated(window, recordOf([2], -(2 ** 40)), 10)).toEqual([false]);
  });
});

describe('clients of a filter that depends on the sighting', () => {
  it('get a certificate when their filter matches for the first time', () => {
    const window = windowOf();
    const matching = (batch: CertificateBatch, matches: readonly boolean[]) => {
      const sightings = window.observe(batch).ofFilter('type=cert', (i) => matches[i]);
      return matches.map((_, i) => sightings.isRepeated(i, 50));
    };
    expect(matching(recordOf([1, 1, 2], 50), [false, true, false])).toEqual([false, false, false]);
    expect(matching(recordOf([1, 2, 2], 51), [true, true, true])).toEqual([true, false, true]);
    const batch = recordOf([1], 52);
    expect(
      window
        .observe(batch)
        .ofFilter('log=x', () => true)
        .isRepeated(0, 50),
    ).toBe(false);
    expect(window.observe(batch).isRepeated(0, 50)).toBe(true);
    expect(window.observe(batch).ofFilter('log=x', () => false)).toBe(
      window.observe(batch).ofFilter('log=x', () => true),
    );
  });
});

describe(UniqueWindow.name, () => {
  it('has memory only while it has clients', () => {
    let now = 0;
    const window = windowOf(1, () => now);
    window.addClient();
    window.observe(recordOf([1, 2, 1], 50));
    now = 5000;
    expect([window.hasClients, window.size, window.ageSeconds]).toEqual([true, 2, 5]);
    window.removeClient();
    expect(window.size).toBe(2);
    window.removeClient();
    expect([window.hasClients, window.size, window.ageSeconds]).toEqual([false, 0, 0]);
    window.addClient();
    expect(repeated(window, recordOf([1], 51), 0)).toEqual([false]);
  });

  it('returns the same sightings for the same batch', () => {
    const window = windowOf();
    const batch = recordOf([1], 50);
    expect(window.observe(batch)).toBe(window.observe(batch));
  });

  /**
   * Clients join, lose messages and replay at random records. The model keeps for each client the set of certificates that it got.
   */
  it.each([
    ['with room', 1],
    ['that forgets', 0.02],
  ])('agrees with a set per client: a window %s', (_what, megabytes) => {
    const random = new SeededNumbers(9);
    const window = windowOf(megabytes);
    const records: number[][] = [];
    interface Client {
      since: number;
      next: number;
      readonly replays: boolean;
      readonly got: Set<number>;
      /** Certificates that it got since its last loss. */
      readonly sinceLoss: Set<number>;
    }
    const clients: Client[] = [];
    const figures = { sent: 0, repeated: 0, again: 0 };
    for (let seq = 0; seq < 800; seq++) {
      // A certificate appears several times within a few records.
      const newest = seq * 2;
      const numbers = Array.from({ length: random.below(8) }, () => Math.max(0, newest - random.below(40)));
      records.push(numbers);
      const live = recordOf(numbers, seq);
      window.observe(live);
      if (random.below(20) === 0) {
        const since = random.below(2) === 0 ? seq : random.below(seq + 1);
        clients.push({ since, next: since, replays: since < seq, got: new Set(), sinceLoss: new Set() });
      }
      for (const client of clients) {
        if (random.below(100) === 0) {
          client.since = seq + 1;
          client.next = seq + 1;
          client.sinceLoss.clear();
          continue;
        }
        for (; client.next <= seq; client.next++) {
          const isLive = client.next === seq;
          const batch = isLive ? live : recordOf(records[client.next], client.next);
          const flags = repeated(window, batch, client.since);
          records[client.next].forEach((number, i) => {
            const isNew = !client.got.has(number);
            if (flags[i]) {
              figures.repeated++;
              expect(isNew, `certificate ${number} of record ${client.next} was never sent`).toBe(false);
            } else {
              figures.sent++;
              if (!isNew) figures.again++;
            }
            if (megabytes === 1 && !client.replays) expect(flags[i]).toBe(client.sinceLoss.has(number));
            client.got.add(number);
            client.sinceLoss.add(number);
          });
        }
      }
      if (clients.length > 12) clients.shift();
    }
    expect(figures.repeated).toBeGreaterThan(2000);
    const share = figures.again / (figures.again + figures.repeated);
    if (megabytes === 1) expect(share).toBeLessThan(0.15);
  });
});
