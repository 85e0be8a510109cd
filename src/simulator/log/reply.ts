import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';

/** A complete answer, before any fault touched it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request that a log refuses; the text goes into the body as real logs do it. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Header for bodies that clients ask for again and again. */
export function entityTag(body: Buffer): { ETag: string } {
  return { ETag: `"${hash('sha1', body).slice(0, 20)}"` };
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
