import { X509Certificate } from 'node:crypto';
import type { Server as TlsServer } from 'node:tls';
import { Injectable, Logger } from '@nestjs/common';
import { ProblemLog } from '../../logging/problem-log.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import { type TlsFiles, type ListenerTls, readTlsFiles } from '../listener.js';
import type { ListenerSection } from '../web-error.js';

/** The certificate that a listener shows. */
export interface TlsCertificate {
  /** Milliseconds since the epoch. */
  notAfter: number;
  reloads: number;
  /** Looks at changed files that could not be used. */
  failures: number;
}

interface Watched extends TlsCertificate {
  readonly section: ListenerSection;
  readonly files: TlsFiles;
  readonly server: Pick<TlsServer, 'setSecureContext'>;
  options: ListenerTls;
}

/** Milliseconds before its end from which a certificate is a problem. */
const ENDS_SOON = 7 * 86_400_000;

/**
 * Takes renewed certificates into use. Connections go on with the one they began with. Both files are read and
 * compared, not their times: symbolic links, as Kubernetes and certbot make, change without touching a file.
 */
@Injectable()
export class TlsCertificates {
  private readonly logger = new Logger(TlsCertificates.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly watched = new Map<ListenerSection, Watched>();

  constructor(private readonly periodic: PeriodicWork) {}

  /** By listener; empty without TLS. */
  get loaded(): ReadonlyMap<ListenerSection, TlsCertificate> {
    return this.watched;
  }

  /** @param options what the server was started with, or undefined when it has no TLS. */
  watch(
    section: ListenerSection,
    files: TlsFiles,
    server: Pick<TlsServer, 'setSecureContext'>,
    options: ListenerTls | undefined,
  ): void {
    if (options === undefined) return;
    const notAfter = notAfterOf(options);
    const watched: Watched = { section, files, server, options, notAfter, reloads: 0, failures: 0 };
    this.watched.set(section, watched);
    this.tellEnd(watched);
    if (files.cert_check_seconds === 0) return;
    this.periodic.every(`tls-${section}`, files.cert_check_seconds * 1000, () => this.look(watched));
  }

  private async look(watched: Watched): Promise<void> {
    const { section, files, server, options } = watched;
    try {
      const renewed = await readTlsFiles(files, options.handshakeTimeout);
      if (!renewed.cert.equals(options.cert) || !renewed.key.equals(options.key)) {
        const notAfter = notAfterOf(renewed);
        server.setSecureContext(renewed);
        Object.assign(watched, { options: renewed, notAfter, reloads: watched.reloads + 1 });
        this.logger.log(`renewed TLS certificate of ${section} in use`, { until: dayOf(notAfter) });
      }
      this.problems.resolved(section);
    } catch (error) {
      watched.failures++;
      const message = `the TLS certificate of ${section} stays as it is: ${(error as Error).message}`;
      this.problems.report(section, message);
    }
    this.tellEnd(watched);
  }

  private tellEnd({ section, notAfter }: Watched): void {
    const key = `${section} ends`;
    if (notAfter - Date.now() > ENDS_SOON) return this.problems.resolved(key);
    this.problems.report(key, `the TLS certificate of ${section} ends on ${dayOf(notAfter)}`);
  }
}

function notAfterOf({ cert }: ListenerTls): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

function dayOf(time: number): string {
  // A date of validity may be one that no calendar has.
  return Number.isNaN(time) ? 'an unreadable date' : new Date(time).toISOString().slice(0, 10);
}
