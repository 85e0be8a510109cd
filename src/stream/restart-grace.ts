import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { clientsFilePath } from '../config/state-file-path.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { messageOf } from '../kernel/certstream-error.js';
import { ProblemLog } from '../logging/problem-log.js';
import { PeriodicWork } from '../schedule/periodic-work.js';
import { ClientCountFile } from './client-count-file.js';
import { StreamClients } from './subscription/stream-clients.js';

const COUNT = 'count-clients';
const SAVE = 'save-client-count';
const COUNT_MS = 50;
/** How old the number of clients may be after the process was killed. */
const SAVE_MS = 2000;

/**
 * Clients that know no replay would miss what is published while they reconnect after a restart of the server. When the first
 * log continues at a saved position, RestartGrace makes the logs wait until as many clients are connected as before the
 * restart, at most for `stream.restart_grace_seconds`. It keeps the number of clients in a file.
 */
@Injectable()
export class RestartGrace implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RestartGrace.name);
  private readonly problems = new ProblemLog(this.logger);
  private readonly file: ClientCountFile;
  private readonly graceMs: number;
  /** Number of clients before the restart; 0 once they have been waited for. */
  private expected = 0;
  private isWaiting = false;
  private isRunning = false;
  private saved: number | undefined;
  private saving = Promise.resolve();
  private endsAt = 0;

  constructor(
    @Inject(CERTSTREAM_CONFIG) { general, stream, cluster }: CertstreamConfig,
    private readonly feed: CertificateFeed,
    private readonly clients: StreamClients,
    private readonly periodic: PeriodicWork,
  ) {
    this.file = new ClientCountFile(clientsFilePath(general.recovery));
    // In a cluster, the other members publish meanwhile, and clients reconnect to any of them.
    const isAlone = cluster.servers.length === 0;
    this.graceMs = general.recovery.enabled && isAlone ? stream.restart_grace_seconds * 1000 : 0;
  }

  async onModuleInit(): Promise<void> {
    if (this.graceMs === 0) return;
    try {
      this.expected = this.saved = await this.file.read();
    } catch (error) {
      const { path } = this.file;
      this.logger.warn(`${path}: ${messageOf(error)}; the logs do not wait for clients that reconnect`);
    }
    this.feed.resumed$.subscribe(() => this.begin());
  }

  onApplicationBootstrap(): void {
    if (this.graceMs === 0) return;
    this.isRunning = true;
    this.periodic.every(SAVE, SAVE_MS, () => this.save());
  }

  /** Counts the clients before they are closed. */
  async onModuleDestroy(): Promise<void> {
    if (!this.isRunning) return;
    this.periodic.cancel(SAVE);
    await this.save();
    this.isRunning = false;
    this.end();
  }

  private begin(): void {
    if (this.expected === 0 || this.isWaiting) return;
    // A log that continues while others are streamed already is no restart of the server.
    if (this.clients.count >= this.expected || this.feed.stats.batches > 0) {
      this.expected = 0;
      return;
    }
    this.isWaiting = true;
    this.endsAt = performance.now() + this.graceMs;
    this.feed.pressure.hold(this);
    this.logger.log(
      `the logs wait up to ${this.graceMs / 1000} s for clients to reconnect: ${this.clients.count} of ${this.expected} are connected`,
    );
    this.periodic.every(COUNT, COUNT_MS, () => this.check());
  }

  private check(): void {
    if (this.clients.count < this.expected && performance.now() < this.endsAt) return;
    this.logger.log(`the logs continue: ${this.clients.count} of ${this.expected} clients have reconnected`);
    this.end();
  }

  private end(): void {
    if (!this.isWaiting) return;
    this.periodic.cancel(COUNT);
    this.isWaiting = false;
    this.expected = 0;
    this.feed.pressure.release(this);
  }

  /** Saves the number of clients if it changed. Never rejects. */
  private save(): Promise<void> {
    this.saving = this.saving.then(() => this.write());
    return this.saving;
  }

  private async write(): Promise<void> {
    const { count } = this.clients;
    // A server that ends before its clients are back leaves the number to the next one.
    const isEarly = this.expected > 0 && (this.isWaiting || count === 0);
    if (isEarly || count === this.saved) return;
    try {
      await this.file.write(count);
      this.saved = count;
      this.problems.resolved(SAVE);
    } catch (error) {
      this.problems.report(SAVE, `the number of clients cannot be saved: ${messageOf(error)}`);
    }
  }
}
