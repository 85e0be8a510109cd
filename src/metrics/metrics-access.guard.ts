import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { AccessPolicy } from '../web/access-policy.js';

/** The whitelist of the metrics where they share the web listener; that one's own comes first. */
@Injectable()
export class MetricsAccessGuard implements CanActivate {
  private readonly policy: AccessPolicy;

  constructor(@Inject(CERTSTREAM_CONFIG) config: CertstreamConfig) {
    this.policy = new AccessPolicy(config.prometheus);
  }

  canActivate(context: ExecutionContext): boolean {
    return this.policy.allows(context.switchToHttp().getRequest<IncomingMessage>());
  }
}
