import type { CtHttp } from '../../src/ct-log/client/http/ct-http.js';

/** Creates an HTTP client whose answers come from a function of the test. */
export function httpFromGet(get: CtHttp['get']): CtHttp {
  return { get, read: async (url, request, use) => use(await get(url, request)) };
}
