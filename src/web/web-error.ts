import { CertstreamError } from '../kernel/certstream-error.js';

/** A listener cannot be set up; the codes begin with `WEB_`. */
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

/** The typed error for a UNIX socket that cannot be listened on. */
export function socketError(path: string, cause: unknown): WebError {
  const at = `cannot listen on ${JSON.stringify(path)}: `;
  if (cause === 'IN_USE') {
    const text = 'a server listens there already; stop it, or set another webserver.listen_socket';
    return new WebError('WEB_SOCKET_IN_USE', at + text);
  }
  if (cause === 'TAKEN') {
    const text = 'there is a file that is not a socket; remove it, or set another webserver.listen_socket';
    return new WebError('WEB_SOCKET_TAKEN', at + text);
  }
  const why: Record<string, string> = {
    // Node says this of folders that do not exist, too.
    EACCES:
      'the folder does not exist, or this user may not write there; create it or correct its permissions',
    ENOENT: 'the folder does not exist; create it',
  };
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new WebError('WEB_LISTEN_FAILED', at + (why[code] ?? message), { cause });
}
