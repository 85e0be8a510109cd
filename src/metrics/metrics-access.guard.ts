import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { AccessPolicy } from '../web/access-policy.js';
import { Refusals } from '../web/refusals.js';

/** The whitelist of the metrics where they share the web listener; that one's own comes first. */
@Injectable()
export class MetricsAccessGuard implements CanActivate {
  private readonly policy: AccessPolicy;

  constructor(
    @Inject(CERTSTREAM_CONFIG) config: CertstreamConfig,
    private readonly refusals: Refusals,
  ) {
    this.policy = new AccessPolicy(config.prometheus);
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const isAllowed = this.policy.allows(request);
    if (!isAllowed) this.refusals.count('metrics_whitelist', this.policy.clientAddress(request));
    return isAllowed;
  }
}
