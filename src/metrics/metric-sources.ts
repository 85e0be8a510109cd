import type { LogListService } from '../ct-log/log-list/log-list.service.js';
import type { LogStateStore } from '../ct-log/state/log-state-store.js';
import type { TailingService } from '../ct-log/following/tailing.service.js';
import type { CertificateFeed } from '../feed/certificate-feed.js';
import type { StreamClients } from '../stream/subscription/stream-clients.js';
import type { Admission } from '../web/admission.js';
import type { PendingConnections } from '../web/limits/pending-connections.js';
import type { Refusals } from '../web/refusals.js';
import type { TlsCertificates } from '../web/tls/tls-certificates.js';

/** The owners of the counters. */
export interface MetricSources {
  readonly stream: Pick<CertificateFeed, 'stats' | 'renderer' | 'pressure'>;
  readonly clients: Pick<StreamClients, 'audiences'>;
  readonly tailing: Pick<TailingService, 'followed'>;
  readonly logList: Pick<LogListService, 'status'>;
  readonly states: Pick<LogStateStore, 'stats' | 'gaps'>;
  readonly admission: Pick<Admission, 'connections'>;
  readonly pending: Pick<PendingConnections, 'count'>;
  readonly refusals: Pick<Refusals, 'counts'>;
  readonly certificates: Pick<TlsCertificates, 'loaded'>;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
