import { Module, type NestModule } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { webserverConfig } from '../config/config-namespace.js';
import { PeriodicWorkModule } from '../schedule/periodic-work.module.js';
import { AccessPolicy } from './access-policy.js';
import { Admission } from './admission.js';
import { PublicRoutes } from './auth/public-routes.js';
import { TokenCheck } from './auth/token-check.js';
import { TokenGuard } from './auth/token.guard.js';
import { FixedRoutes } from './fixed-routes.js';
import { PendingConnections } from './limits/pending-connections.js';
import { Refusals } from './refusals.js';
import { TlsCertificates } from './tls/tls-certificates.js';
import { UnixSocket } from './unix-socket.js';
import { WebEnforcement } from './web-enforcement.js';

/** Access control and limits of the web listener. */
@Module({
  imports: [DiscoveryModule, PeriodicWorkModule],
  providers: [
    { provide: APP_GUARD, useClass: TokenGuard },
    PublicRoutes,
    {
      provide: AccessPolicy,
      inject: [webserverConfig.KEY],
      useFactory: (webserver: ConfigType<typeof webserverConfig>) => new AccessPolicy(webserver),
    },
    Admission,
    FixedRoutes,
    PendingConnections,
    Refusals,
    TlsCertificates,
    TokenCheck,
    UnixSocket,
    WebEnforcement,
  ],
  exports: [
    AccessPolicy,
    Admission,
    FixedRoutes,
    PendingConnections,
    Refusals,
    TlsCertificates,
    TokenCheck,
    UnixSocket,
  ],
})
export class WebModule implements NestModule {
  constructor(
    private readonly enforcement: WebEnforcement,
    private readonly publicRoutes: PublicRoutes,
    private readonly fixedRoutes: FixedRoutes,
  ) {}

  /** Runs when the gateways have their adapter and before any route is served. @throws WebError (`WEB_NOT_ENFORCED`) */
  configure(): void {
    this.enforcement.check();
    this.publicRoutes.markMethods();
    this.fixedRoutes.mount();
  }
}
