import { Module } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { AccessPolicy } from './access-policy.js';
import { Admission } from './admission.js';
import { PendingConnections } from './limits/pending-connections.js';
import { Refusals } from './refusals.js';
import { TlsCertificates } from './tls/tls-certificates.js';
import { UnixSocket } from './unix-socket.js';

/** Who may connect to the web listener, and how much of it at a time. */
@Module({
  providers: [
    {
      provide: AccessPolicy,
      inject: [CERTSTREAM_CONFIG],
      useFactory: (config: CertstreamConfig) => new AccessPolicy(config.webserver),
    },
    Admission,
    PendingConnections,
    Refusals,
    TlsCertificates,
    UnixSocket,
  ],
  exports: [AccessPolicy, Admission, PendingConnections, Refusals, TlsCertificates, UnixSocket],
})
export class WebModule {}
