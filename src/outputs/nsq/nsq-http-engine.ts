import { type BatchSender, TooLargeError } from '../engine/batch-sender.js';
import type { OutputEngine } from '../engine/output-engine.js';
import type { HttpPoster } from '../http/http-poster.js';
import type { OutputMessage } from '../messages/output-message.js';
import { OutputError } from '../output-error.js';
import { mpubBody } from './nsq-protocol.js';

/** Publishes over the HTTP API of nsqd: `POST /mpub?topic=…&binary=true`. */
export class NsqHttpEngine implements OutputEngine {
  /** @param poster sends to the URL of mpub, with the topic. */
  constructor(
    private readonly poster: HttpPoster,
    private readonly sender: BatchSender,
  ) {}

  send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    return this.sender.send(messages, async (batch) => {
      const body = mpubBody(batch.map(({ text }) => text));
      const headers = { 'content-type': 'application/octet-stream' };
      const { status, excerpt } = await this.poster.post(body, headers, signal);
      if (status >= 200 && status < 300) return;
      // BODY_TOO_BIG, and BAD_BODY or BAD_MESSAGE when nsqd has lower limits than the settings.
      if (status === 413) throw new TooLargeError(`nsqd answers 413: ${excerpt}`);
      throw new OutputError('OUTPUT_REFUSED', `nsqd answers ${status}: ${excerpt}`);
    });
  }

  close(): Promise<void> {
    this.poster.close();
    return Promise.resolve();
  }
}
