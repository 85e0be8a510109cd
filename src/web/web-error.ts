import { CertstreamError } from '../kernel/certstream-error.js';

/** The error of a listener that cannot be set up. Its codes begin with `WEB_`. */
export class WebError extends CertstreamError {}

/** Section of the configuration that a listener belongs to. */
export type ListenerSection = 'webserver' | 'prometheus';

const EXPLANATIONS: Record<string, (section: ListenerSection) => string> = {
  EADDRINUSE: (section) =>
    `another program already listens there; stop it, or set another ${section}.listen_port`,
  EACCES: (section) => `this port needs more privileges; set ${section}.listen_port above 1023`,
  EADDRNOTAVAIL: (section) => `no interface of this machine has that address; correct ${section}.listen_addr`,
};

/** Returns the typed error for an error of `server.listen`. */
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

/** Returns the typed error for a UNIX socket on which the server cannot listen. */
export function socketError(path: string, cause: unknown): WebError {
  const at = `cannot listen on ${JSON.stringify(path)}: `;
  if (cause === 'IN_USE') {
    const text = 'another server already listens there; stop it, or set another webserver.listen_socket';
    return new WebError('WEB_SOCKET_IN_USE', at + text);
  }
  if (cause === 'TAKEN') {
    const text = 'this file is not a socket; remove it, or set another webserver.listen_socket';
    return new WebError('WEB_SOCKET_TAKEN', at + text);
  }
  const why: Record<string, string> = {
    // Node also reports this code for folders that do not exist.
    EACCES:
      'the folder does not exist, or this user may not write there; create it or correct its permissions',
    ENOENT: 'the folder does not exist; create it',
  };
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new WebError('WEB_LISTEN_FAILED', at + (why[code] ?? message), { cause });
}
