import { afterEach, describe, expect, it, vi } from 'vitest';
import { Server } from './server.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('Server.probe', () => {
  it('gives up a server that does not answer, so that the page connects again', async () => {
    vi.stubGlobal('sessionStorage', { getItem: () => null });
    // The time is over at once.
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());
    vi.stubGlobal('fetch', (_url: string, { signal }: RequestInit) =>
      signal?.aborted === true ? Promise.reject(new Error('given up')) : new Promise(() => undefined),
    );
    const streams = { full: '/full-stream', lite: '/', domains: '/domains-only', sse: '/sse' };
    const server = new Server({ streams, tokens_required: false, api: true });
    const answer = await Promise.race([
      server.probe(new URLSearchParams()),
      new Promise((resolve) => setTimeout(() => resolve('waiting'), 100)),
    ]);
    expect(answer).toBeUndefined();
  });
});
