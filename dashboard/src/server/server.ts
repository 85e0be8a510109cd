import type { DashboardConfig, DashboardData } from '../../../src/dashboard/dashboard-data.js';
import type { ProbeAnswer } from '../live/reconnect.js';
import type { StreamServer } from '../live/stream-connection.js';
import { Store } from '../state/store.js';

/** An answer other than 200, in the words of the server. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const TOKEN_KEY = 'certstream-token';
const CONFIG_PATH = '/dashboard/config.json';
const DATA_PATH = '/dashboard/data.json';
/** After this time, the next attempt to connect is better than the reason why the last one failed. */
const PROBE_TIMEOUT_MS = 10_000;

/** The server that served the page. It adds the access token to each request. */
export class Server implements StreamServer {
  /** The access token of this tab; empty without one. */
  readonly token = new Store(sessionStorage.getItem(TOKEN_KEY) ?? '');
  /** Whether a request was refused because its token is missing or unknown. */
  readonly isTokenRefused = new Store(false);

  constructor(readonly config: DashboardConfig) {
    this.isTokenRefused.set(config.tokens_required && this.token.value === '');
  }

  /** @throws RequestError, TypeError if the server does not answer. */
  static async find(): Promise<Server> {
    return new Server((await (await ask(CONFIG_PATH, {})).json()) as DashboardConfig);
  }

  /** Keeps a token for this tab if the server accepts it. @throws RequestError, TypeError */
  async logIn(token: string): Promise<void> {
    await ask(DATA_PATH, authorization(token));
    sessionStorage.setItem(TOKEN_KEY, token);
    this.token.set(token);
    this.isTokenRefused.set(false);
  }

  logOut(): void {
    sessionStorage.removeItem(TOKEN_KEY);
    this.token.set('');
    this.isTokenRefused.set(this.config.tokens_required);
  }

  /** @param sinceMs time of the newest sample that the page has. */
  async data(sinceMs: number, signal: AbortSignal): Promise<DashboardData> {
    return (await (await this.get(`${DATA_PATH}?since=${sinceMs}`, signal)).json()) as DashboardData;
  }

  /** @throws RequestError, TypeError if the server does not answer. */
  async get(path: string, signal?: AbortSignal): Promise<Response> {
    try {
      return await ask(path, authorization(this.token.value), signal);
    } catch (error) {
      if (error instanceof RequestError && error.status === 401) this.isTokenRefused.set(true);
      throw error;
    }
  }

  open(query: URLSearchParams): WebSocket {
    const url = new URL(`${this.config.streams.lite}?${query}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const token = this.token.value;
    // Browsers cannot set headers of a WebSocket. A subprotocol may contain few characters, so the token is encoded.
    return token === ''
      ? new WebSocket(url)
      : new WebSocket(url, ['certstream', `token.${encodeURIComponent(token)}`]);
  }

  async probe(query: URLSearchParams): Promise<ProbeAnswer | undefined> {
    try {
      const response = await fetch(`${this.config.streams.lite}?${query}`, {
        headers: { accept: 'application/json', ...authorization(this.token.value) },
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
        cache: 'no-store',
      });
      if (response.status === 401) this.isTokenRefused.set(true);
      const { code, error, oldest } = await errorOf(response);
      const retryAfter = Number(response.headers.get('retry-after'));
      return {
        status: response.status,
        code,
        error,
        oldest,
        retryAfterMs: retryAfter > 0 ? retryAfter * 1000 : 0,
      };
    } catch {
      return undefined;
    }
  }
}

function authorization(token: string): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

async function ask(path: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(path, {
    headers: { accept: 'application/json', ...headers },
    signal,
    cache: 'no-store',
  });
  if (response.ok) return response;
  const { code = '', error = `The server answers with status ${response.status}.` } = await errorOf(response);
  throw new RequestError(response.status, code, error);
}

interface ErrorBody {
  readonly code?: string;
  readonly error?: string;
  readonly oldest?: string;
}

/** Returns the members of the error that are texts, since a proxy may have written the answer. */
async function errorOf(response: Response): Promise<ErrorBody> {
  const body = (await response.json().catch(() => ({}))) as unknown;
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'string'));
}
