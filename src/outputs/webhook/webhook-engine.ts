import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { parseRetryAfter } from '../../kernel/retry-after.js';
import { type BatchSender, TooLargeError } from '../engine/batch-sender.js';
import type { OutputEngine } from '../engine/output-engine.js';
import type { HttpAnswer, HttpPoster } from '../http/http-poster.js';
import type { OutputMessage } from '../messages/output-message.js';
import { OutputError } from '../output-error.js';
import type { WebhookBody } from './webhook-body.js';
import { deliveryId, signatureHeaders } from './webhook-signature.js';

const compress = promisify(gzip);
/** The messages are much alike, so the fastest level already finds most repetitions. */
const GZIP_LEVEL = 1;

/** The secrets of a webhook. */
export interface WebhookAccess {
  readonly authorization: string | undefined;
  readonly secret: string | undefined;
}

export interface WebhookParts {
  readonly poster: HttpPoster;
  readonly body: WebhookBody;
  readonly sender: BatchSender;
  readonly access: WebhookAccess;
}

/** Sends messages in the bodies of POST requests. */
export class WebhookEngine implements OutputEngine {
  constructor(
    private readonly settings: Pick<SettingsOf<'webhook'>, 'compression' | 'headers'>,
    private readonly parts: WebhookParts,
  ) {}

  send(messages: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    return this.parts.sender.send(messages, (batch) => this.post(batch, signal));
  }

  close(): Promise<void> {
    this.parts.poster.close();
    return Promise.resolve();
  }

  private async post(batch: readonly OutputMessage[], signal: AbortSignal): Promise<void> {
    const { poster, body, access } = this.parts;
    const isCompressed = this.settings.compression === 'gzip';
    const text = body.write(batch);
    const octets = isCompressed ? await compress(text, { level: GZIP_LEVEL }) : text;
    const answer = await poster.post(
      octets,
      {
        ...this.settings.headers,
        ...body.headers(batch),
        ...(isCompressed && { 'content-encoding': 'gzip' }),
        'x-certstream-delivery': deliveryId(batch),
        ...(access.secret !== undefined && signatureHeaders(access.secret, octets, Date.now())),
        ...(access.authorization !== undefined && { authorization: access.authorization }),
      },
      signal,
    );
    checkAnswer(answer);
  }
}

/** @throws TooLargeError for 413, OutputError (`OUTPUT_REFUSED`) for another status than 2xx. */
function checkAnswer({ status, excerpt, retryAfter }: HttpAnswer): void {
  if (status >= 200 && status < 300) return;
  if (status === 413) throw new TooLargeError('the receiver answers 413, so it is too large');
  const text = excerpt === '' ? '' : `: ${excerpt}`;
  const retryAfterMs = status === 429 || status === 503 ? parseRetryAfter(retryAfter, Date.now()) : undefined;
  const pause =
    retryAfterMs === undefined ? '' : `; it requests a pause of ${Math.ceil(retryAfterMs / 1000)} s`;
  throw new OutputError('OUTPUT_REFUSED', `the receiver answers ${status}${hintOf(status)}${pause}${text}`, {
    retryAfterMs,
  });
}

function hintOf(status: number): string {
  if (status >= 300 && status < 400) return ' (redirects are not followed; set url to the final address)';
  if (status === 401 || status === 403) return ' (check authorization and secret)';
  if (status === 404 || status === 405) return ' (check url)';
  return '';
}
