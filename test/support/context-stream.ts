import type { FrameEncoding } from '../../src/stream/encoding/frame-encoding.js';
import { sharedDeflateEncoding } from '../../src/stream/encoding/shared-deflate.js';
import type { StreamOptions } from '../../src/stream/subscription/stream-options.js';
import { Subscriber } from '../../src/stream/subscription/subscriber.js';
import { BufferedConnection } from './buffered-connection.js';
import { range } from './range.js';
import { type AudienceSettings, batchOf, ORDINARY, testAudience } from './stream-clients.js';

/** Part of every text, so that messages refer to those before. */
const COMMON = range(0, 30)
  .map((i) => `-certificate${i * i}`)
  .join('');

/**
 * A stream whose messages have the texts `0`, `1` and so on, padded, for clients in memory.
 */
export class TestStream {
  readonly audience: ReturnType<typeof testAudience>['audience'];
  readonly onCompressionError;
  readonly onError;
  readonly texts: string[] = [];

  constructor(settings: AudienceSettings = {}) {
    const { audience, onCompressionError, onError } = testAudience(settings);
    this.audience = audience;
    this.onCompressionError = onCompressionError;
    this.onError = onError;
  }

  get published(): number {
    return this.texts.length;
  }

  join(encoding: FrameEncoding = sharedDeflateEncoding, options: Partial<StreamOptions> = {}) {
    const connection = new BufferedConnection(encoding);
    const client = new Subscriber(connection, 'peer', this.audience, { ...ORDINARY, ...options });
    this.audience.enter(client);
    this.audience.attach(client);
    return { connection, client, joinedAt: this.published };
  }

  publish(count = 1, padding = ''): void {
    const from = this.published;
    const texts = range(from, from + count).map((i) => `${i} ${COMMON}${padding}`);
    this.texts.push(...texts);
    this.audience.deliver(batchOf(texts, from));
  }
}
