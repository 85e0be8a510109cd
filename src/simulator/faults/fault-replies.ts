import { gzipSync } from 'node:zlib';
import { htmlReply } from '../log/reply.js';
import type { Reply } from '../log/reply.js';
import type { FaultHooks } from '../log/request-context.js';

/** A number of seconds, an HTTP date that is `dateIn` seconds from now, or any text. */
export type RetryAfter = number | { readonly dateIn: number } | string;

/** Faults of the whole answer. HTTP itself stays valid. */
export type ReplyFault =
  /** An error page with this status, for example 429 or 503. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfter?: RetryAfter;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** An HTML page with status 200. */
  | { readonly kind: 'html' }
  | { readonly kind: 'redirect'; readonly location: string; readonly status?: number }
  /** 404 for partial tiles. */
  | { readonly kind: 'missing-partial' }
  /** A complete answer with the first `bytes` of the body (default: half of it). */
  | { readonly kind: 'truncate'; readonly bytes?: number }
  /** One bit of the body is wrong, at `offset` or in the middle. */
  | { readonly kind: 'flip-byte'; readonly offset?: number }
  /** Content-Encoding is `label`, regardless of the body, which is compressed `gzip` times more (default 0). */
  | { readonly kind: 'encoding'; readonly label: string; readonly gzip?: number }
  /** 429, or `status`, for requests above `perSecond`, with bursts of up to `burst` (default 1). */
  | {
      readonly kind: 'rate-limit';
      readonly perSecond: number;
      readonly burst?: number;
      readonly status?: number;
      readonly retryAfter?: RetryAfter;
    };

export function replyHooks(fault: ReplyFault): FaultHooks {
  switch (fault.kind) {
    case 'status':
      return { reply: () => statusReply(fault) };
    case 'html':
      return { reply: () => htmlReply(200, 'Just a moment...') };
    case 'redirect':
      return {
        reply: () => ({ ...htmlReply(fault.status ?? 302, 'Moved'), headers: { Location: fault.location } }),
      };
    case 'missing-partial':
      return { applies: ({ path }) => path.includes('.p/'), reply: () => htmlReply(404, 'Not Found') };
    case 'truncate':
      return {
        reply: (reply) => ({ ...reply, body: reply.body.subarray(0, fault.bytes ?? reply.body.length >> 1) }),
      };
    case 'flip-byte':
      return { reply: (reply) => flipByte(reply, fault.offset) };
    case 'encoding':
      return { reply: (reply) => encoded(reply, fault.label, fault.gzip ?? 0) };
    case 'rate-limit':
      return rateLimit(fault);
  }
}

function encoded({ status, headers, body }: Reply, label: string, times: number): Reply {
  let compressed = body;
  for (let i = 0; i < times; i++) compressed = gzipSync(compressed);
  return { status, headers: { ...headers, 'Content-Encoding': label }, body: compressed };
}

function statusReply(fault: Extract<ReplyFault, { kind: 'status' }>): Reply {
  const page = htmlReply(fault.status, `Status ${fault.status}`);
  return {
    status: fault.status,
    headers: { ...page.headers, ...retryAfterHeader(fault.retryAfter), ...fault.headers },
    body: fault.body === undefined ? page.body : Buffer.from(fault.body),
  };
}

function retryAfterHeader(retryAfter: RetryAfter | undefined): Record<string, string> {
  if (retryAfter === undefined) return {};
  if (typeof retryAfter !== 'object') return { 'Retry-After': String(retryAfter) };
  return { 'Retry-After': new Date(Date.now() + retryAfter.dateIn * 1000).toUTCString() };
}

function flipByte(reply: Reply, offset = reply.body.length >> 1): Reply {
  const body = Buffer.from(reply.body);
  if (offset < body.length) body[offset] = (body[offset] ?? 0) ^ 1;
  return { ...reply, body };
}

function rateLimit(fault: Extract<ReplyFault, { kind: 'rate-limit' }>): FaultHooks {
  const burst = fault.burst ?? 1;
  let tokens = burst;
  let filledAt = performance.now();
  return {
    applies() {
      const now = performance.now();
      tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * fault.perSecond);
      filledAt = now;
      if (tokens < 1) return true;
      tokens--;
      return false;
    },
    reply: () =>
      statusReply({
        kind: 'status',
        status: fault.status ?? 429,
        ...(fault.retryAfter !== undefined && { retryAfter: fault.retryAfter }),
      }),
  };
}
