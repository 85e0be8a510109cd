import { hash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { HeadValidators } from './simulated-log-options.js';

/** A complete answer before any fault. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request that a log refuses. The message goes into the body, as real logs do it. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Returns the ETag header for a body that clients request repeatedly. */
export function entityTag(body: Buffer): { ETag: string } {
  return { ETag: `"${hash('sha1', body).slice(0, 20)}"` };
}

/** Adds the configured validators of a tree head to its answer. */
export function withValidators(reply: Reply, kind: HeadValidators, modifiedAt: number): Reply {
  const headers: Record<string, string> = { ...reply.headers };
  if (kind === 'both' || kind === 'etag') Object.assign(headers, entityTag(reply.body));
  if (kind === 'file') headers['ETag'] = fileTag(reply.body, modifiedAt);
  if (kind === 'both' || kind === 'last-modified' || kind === 'file')
    headers['Last-Modified'] = new Date(modifiedAt).toUTCString();
  return { ...reply, headers };
}

function fileTag({ length }: Buffer, modifiedAt: number): string {
  return `"${Math.floor(modifiedAt / 1000).toString(16)}-${length.toString(16)}"`;
}

/** Answers 304 when the client has the current body. If-None-Match takes precedence (RFC 9110, 13.1 and 13.2.2). */
export function conditional(reply: Reply, headers: IncomingHttpHeaders): Reply {
  if (reply.status !== 200 || !isKnown(reply.headers, headers)) return reply;
  return { ...reply, status: 304, body: Buffer.alloc(0) };
}

function isKnown(own: Reply['headers'], asked: IncomingHttpHeaders): boolean {
  const tags = asked['if-none-match'];
  const { ETag: tag, 'Last-Modified': modified } = own;
  if (tags !== undefined)
    return tag !== undefined && tags.split(/\s*,\s*/).some((one) => isSameTag(one, tag));
  const since = asked['if-modified-since'];
  return since !== undefined && modified !== undefined && Date.parse(modified) <= Date.parse(since);
}

/** Compares two entity tags with the weak comparison (RFC 9110, 8.8.3.2). */
function isSameTag(asked: string, own: string): boolean {
  return asked.replace(/^W\//, '') === own.replace(/^W\//, '');
}

export function jsonReply(body: string | Buffer): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.isBuffer(body) ? body : Buffer.from(body),
  };
}

export function errorReply(status: number, message: string): Reply {
  return {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    body: Buffer.from(`${message}\n`),
  };
}

export function htmlReply(status: number, title: string): Reply {
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: Buffer.from(body) };
}

export function sendReply(response: ServerResponse, reply: Reply): void {
  const length = reply.status === 304 ? {} : { 'Content-Length': String(reply.body.length) };
  response.writeHead(reply.status, { ...length, ...reply.headers });
  response.end(reply.status === 304 ? undefined : reply.body);
}
