import { type DiscoverableDecorator, DiscoveryService } from '@nestjs/core';

/**
 * Marks a provider that contributes to `GET /readyz` and implements {@link HealthContribution}. The server finds it in any
 * module of the application. While a contribution is not ready, the answer is 503.
 */
export const HealthIndicator: DiscoverableDecorator<void> = DiscoveryService.createDecorator<void>();

export interface HealthContribution {
  /**
   * Returns the health of the contribution. The server calls it for requests to `/readyz`, one call at a time. If it throws,
   * rejects or takes longer than 800 ms, the contribution counts as not ready.
   */
  health(): HealthReport | Promise<HealthReport>;
}

export interface HealthReport {
  readonly name: string;
  readonly ready: boolean;
  /** JSON that `/readyz` shows. It must not contain secrets, because `/readyz` needs no token. */
  readonly detail?: object;
}
