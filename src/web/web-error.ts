import { CertstreamError } from '../certstream-error.js';

/** A listener cannot be set up: `WEB_PORT_IN_USE`, `WEB_LISTEN_FAILED` or `WEB_TLS_UNUSABLE`. */
export class WebError extends CertstreamError {}

const EXPLANATIONS: Record<string, string> = {
  EADDRINUSE: 'something else listens there already',
  EACCES: 'this needs more rights (ports below 1024 usually do)',
  EADDRNOTAVAIL: 'no interface of this machine has that address',
  ENOTFOUND: 'that name has no address',
};

/** The typed error for what `server.listen` failed with. */
export function listenError(address: string, port: number, cause: unknown): WebError {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const code = reason === 'EADDRINUSE' ? 'WEB_PORT_IN_USE' : 'WEB_LISTEN_FAILED';
  const why = EXPLANATIONS[reason] ?? String((cause as Error | undefined)?.message ?? cause);
  const host = address.includes(':') ? `[${address}]` : address;
  return new WebError(code, `cannot listen on ${host}:${port}: ${why}`, { cause });
}
