import { X509Certificate } from 'node:crypto';
import type { Server as TlsServer } from 'node:tls';
import { Injectable, Logger } from '@nestjs/common';
import { ProblemLog } from '../../logging/problem-log.js';
import { PeriodicWork } from '../../schedule/periodic-work.js';
import { type TlsFiles, type ListenerTls, readTlsFiles } from '../listener.js';
import type { ListenerSection } from '../web-error.js';

/** The certificate that a listener uses. */
export interface TlsCertificate {
  /** Milliseconds since the epoch. */
  notAfter: number;
  reloads: number;
  /** Number of checks at which the files could not be used. */
  failures: number;
}

interface Watched extends TlsCertificate {
  readonly section: ListenerSection;
  readonly files: TlsFiles;
  readonly server: Pick<TlsServer, 'setSecureContext'>;
  options: ListenerTls;
}

/** A certificate that expires in fewer milliseconds is reported. */
const EXPIRES_SOON = 7 * 86_400_000;

/**
 * Loads renewed certificates. Open connections keep their certificate. Each check compares the content of both files, not their
 * times: Kubernetes and certbot renew a certificate by changing a symbolic link, which may leave the times unchanged.
 */
@Injectable()
export class TlsCertificates {
  private readonly logger = new Logger(TlsCertificates.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly watched = new Map<ListenerSection, Watched>();

  constructor(private readonly periodic: PeriodicWork) {}

  /** The certificate of each listener; empty without TLS. */
  get loaded(): ReadonlyMap<ListenerSection, TlsCertificate> {
    return this.watched;
  }

  /** Starts the checks. @param options the TLS options that the server started with; undefined = no TLS. */
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
    this.reportExpiry(watched);
    if (files.cert_check_seconds === 0) return;
    this.periodic.every(`tls-${section}`, files.cert_check_seconds * 1000, () => this.check(watched));
  }

  /** Checks the files of all listeners now. */
  async checkNow(): Promise<void> {
    await Promise.all([...this.watched.values()].map((watched) => this.check(watched)));
  }

  private async check(watched: Watched): Promise<void> {
    const { section, files, server, options } = watched;
    try {
      const renewed = await readTlsFiles(files, options.handshakeTimeout);
      if (!renewed.cert.equals(options.cert) || !renewed.key.equals(options.key)) {
        const notAfter = notAfterOf(renewed);
        server.setSecureContext(renewed);
        Object.assign(watched, { options: renewed, notAfter, reloads: watched.reloads + 1 });
        this.logger.log(`now using the renewed TLS certificate of ${section}`, { until: dayOf(notAfter) });
      }
      this.problems.resolved(section);
    } catch (error) {
      watched.failures++;
      const message = `cannot renew the TLS certificate of ${section}: ${(error as Error).message}`;
      this.problems.report(section, message);
    }
    this.reportExpiry(watched);
  }

  private reportExpiry({ section, notAfter }: Watched): void {
    const key = `${section} expires`;
    if (notAfter - Date.now() > EXPIRES_SOON) return this.problems.resolved(key);
    this.problems.report(key, `the TLS certificate of ${section} expires on ${dayOf(notAfter)}`);
  }
}

function notAfterOf({ cert }: ListenerTls): number {
  return Date.parse(new X509Certificate(cert).validTo);
}

function dayOf(time: number): string {
  // The certificate may contain an invalid date.
  return Number.isNaN(time) ? 'an unreadable date' : new Date(time).toISOString().slice(0, 10);
}
