import { describe, expect, it } from 'vitest';
import type { CtLog } from './ct-log.js';
import { createCtLogClient } from './create-ct-log-client.js';
import type { CtHttp, CtHttpRequest } from './http/ct-http.js';

const { signal } = new AbortController();
const MIB = 1024 * 1024;

/** Fails every request and records its limit for the answer. */
class RefusingHttp implements CtHttp {
  readonly limits: (number | undefined)[] = [];

  get(_url: string, { maxBytes }: CtHttpRequest = {}): Promise<never> {
    this.limits.push(maxBytes);
    return Promise.reject(new Error('refused'));
  }

  read(url: string, request: CtHttpRequest): Promise<never> {
    return this.get(url, request);
  }
}

async function limitOf(log: Omit<CtLog, 'source'>, type: 'rfc6962' | 'tiled', entries: number) {
  const http = new RefusingHttp();
  const source = { name: 'A log', url: 'https://log.example.net', operator: 'Op', type };
  const client = createCtLogClient({ ...log, source }, http);
  await expect(client.getEntries(256, 256 + entries, 256 + entries, signal)).rejects.toThrow('refused');
  return http.limits[0] ?? Infinity;
}

describe('maxAnswerBytes', () => {
  it.each(['rfc6962', 'tiled'] as const)(
    'limits the answer of a %s log by the requested entries',
    async (type) => {
      const few = await limitOf({ configured: false }, type, 32);
      const page = await limitOf({ configured: false }, type, 256);
      expect(few).toBeLessThanOrEqual(8 * MIB);
      // Certificates with a thousand names take about 50 KiB, long chains as much, and base64 adds a third.
      expect(page).toBeGreaterThanOrEqual(256 * 0.125 * MIB);
      expect(page).toBeLessThan(40 * MIB);
      expect(await limitOf({ configured: false }, type, 1)).toBeGreaterThanOrEqual(4 * MIB);
    },
  );
});
