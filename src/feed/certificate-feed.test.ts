import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { certificateFeed } from '../../test/support/feed.js';
import { emptyEntries } from '../../test/support/stream-app.js';
import { CertificateFeed } from './certificate-feed.js';

beforeEach(() => Logger.overrideLogger(false));
afterEach(() => Logger.overrideLogger(['log', 'warn', 'error']));

describe(CertificateFeed.name, () => {
  it('has delivered a batch to every subscriber when publish returns', () => {
    const stream = certificateFeed();
    const seen: string[] = [];
    stream.batches$.subscribe(({ firstIndex, count }) => seen.push(`batch ${firstIndex}+${count}`));
    stream.entries$.subscribe(({ index }) => seen.push(`entry ${index}`));
    stream.publish(emptyEntries(5, 2));
    expect(seen).toEqual(['batch 5+2', 'entry 5', 'entry 6']);
  });

  it('continues after a subscriber throws, and delivers to the others', () => {
    const stream = certificateFeed();
    const seen: number[] = [];
    const fail = () => {
      throw new Error('custom module failed');
    };
    stream.batches$.subscribe(fail);
    stream.entries$.subscribe(fail);
    stream.entries$.subscribe(({ index }) => seen.push(index));
    stream.publish(emptyEntries(0, 3));
    stream.publish(emptyEntries(3, 1));
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(stream.stats.subscriberErrors).toBe(2 + 4);
  });

  it('logs an error of a subscriber once, even if its message names the entry', () => {
    const stream = certificateFeed();
    const warn = vi.spyOn(Logger.prototype, 'warn');
    onTestFinished(() => warn.mockRestore());
    stream.entries$.subscribe(({ index }) => {
      throw new Error(`entry ${index} is odd`);
    });
    stream.publish(emptyEntries(7, 100));
    expect(warn).toHaveBeenCalledExactlyOnceWith('a subscriber failed: entry 7 is odd', {
      stack: expect.stringContaining('at '),
    });
  });

  it('continues after a subscriber throws a value without a text', () => {
    const stream = certificateFeed();
    stream.batches$.subscribe(() => {
      throw Object.create(null);
    });
    stream.publish(emptyEntries(0, 1));
    expect(stream.stats.subscriberErrors).toBe(1);
  });

  it('counts entries of all types', () => {
    const stream = certificateFeed();
    stream.publish(emptyEntries(0, 3, 0));
    stream.publish(emptyEntries(3, 2, 1));
    stream.publish(emptyEntries(5, 1, 9));
    stream.publish(emptyEntries(6, 0));
    expect(stream.stats).toMatchObject({ batches: 3, entries: 6, certificates: 3, precertificates: 2 });
  });

  it('stops in the middle of a batch when a subscriber unsubscribes', () => {
    const stream = certificateFeed();
    const seen: number[] = [];
    const subscription = stream.entries$.subscribe(({ index }) => {
      seen.push(index);
      if (index === 1) subscription.unsubscribe();
    });
    stream.publish(emptyEntries(0, 5));
    expect(seen).toEqual([0, 1]);
  });

  it('completes its subscribers at shutdown', async () => {
    const stream = certificateFeed();
    const complete = vi.fn();
    stream.entries$.subscribe({ complete });
    await stream.onApplicationShutdown();
    stream.publish(emptyEntries(0, 1));
    expect(complete).toHaveBeenCalledOnce();
  });
});
