import type { CtHttp } from '../../src/ct-log/client/http/ct-http.js';

/** Answers that a test writes itself. */
export function httpFromGet(get: CtHttp['get']): CtHttp {
  return { get, read: async (url, request, use) => use(await get(url, request)) };
}
