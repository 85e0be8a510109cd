import { Module, type NestModule } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { AccessPolicy } from './access-policy.js';
import { Admission } from './admission.js';
import { PendingConnections } from './limits/pending-connections.js';
import { Refusals } from './refusals.js';
import { TlsCertificates } from './tls/tls-certificates.js';
import { UnixSocket } from './unix-socket.js';
import { WebEnforcement } from './web-enforcement.js';

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
    WebEnforcement,
  ],
  exports: [AccessPolicy, Admission, PendingConnections, Refusals, TlsCertificates, UnixSocket],
})
export class WebModule implements NestModule {
  constructor(private readonly enforcement: WebEnforcement) {}

  /** Runs when gateways have their adapter, and before any route is served. @throws WebError (`WEB_NOT_ENFORCED`) */
  configure(): void {
    this.enforcement.check();
  }
}
