import { CertstreamError } from '../certstream-error.js';

/** A listener cannot be set up: `WEB_PORT_IN_USE`, `WEB_LISTEN_FAILED` or `WEB_TLS_UNUSABLE`. */
export class WebError extends CertstreamError {}

/** Section of the configuration that a listener belongs to. */
export type ListenerSection = 'webserver' | 'prometheus';

const EXPLANATIONS: Record<string, (section: ListenerSection) => string> = {
  EADDRINUSE: (section) =>
    `something else listens there already; stop it, or set another ${section}.listen_port`,
  EACCES: (section) => `this needs more rights; set ${section}.listen_port above 1023`,
  EADDRNOTAVAIL: (section) => `no interface of this machine has that address; correct ${section}.listen_addr`,
};

/** The typed error for what `server.listen` failed with. */
export function listenError(
  section: ListenerSection,
  address: string,
  port: number,
  cause: unknown,
): WebError {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const code = reason === 'EADDRINUSE' ? 'WEB_PORT_IN_USE' : 'WEB_LISTEN_FAILED';
  const why = EXPLANATIONS[reason]?.(section) ?? String((cause as Error | undefined)?.message ?? cause);
  const host = address.includes(':') ? `[${address}]` : address;
  return new WebError(code, `cannot listen on ${host}:${port}: ${why}`, { cause });
}
