import { type DiscoverableDecorator, DiscoveryService } from '@nestjs/core';

/**
 * Marks a provider that contributes to `GET /readyz`. It implements {@link HealthContribution}; the server finds it in any
 * module of the application. While one contribution is not ready, the answer is 503.
 */
export const HealthIndicator: DiscoverableDecorator<void> = DiscoveryService.createDecorator<void>();

export interface HealthContribution {
  /**
   * Is called for a request to `/readyz`, one call at a time. A contribution that throws, rejects, or takes longer than
   * 800 ms is not ready.
   */
  health(): HealthReport | Promise<HealthReport>;
}

export interface HealthReport {
  readonly name: string;
  readonly ready: boolean;
  /** Is shown in `/readyz`, which needs no token: JSON without secrets. */
  readonly detail?: object;
}
