import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { describeFailure, findContributions, LimitedCall } from '../discovery/contributions.js';
import {
  type HealthContribution,
  HealthIndicator,
  type HealthReport,
} from '../discovery/health-indicator.js';
import { ProblemLog } from '../logging/problem-log.js';

/** Milliseconds for one indicator: less than the second that a readiness probe of Kubernetes takes by default. */
const LIMIT_MS = 800;

/** One indicator as `GET /readyz` shows it. */
export interface IndicatorReport extends HealthReport {
  /** Why an indicator has no report: `CONTRIBUTION_FAILED` or `CONTRIBUTION_TIMEOUT`. */
  readonly error?: string;
}

interface Indicator {
  /** Of its last report; before the first, the name of its class. */
  name: string;
  readonly source: string;
  readonly isOwn: boolean;
  readonly call: LimitedCall<HealthReport>;
}

/** Asks every health indicator of the application. */
@Injectable()
export class HealthIndicators implements OnModuleInit {
  private readonly problems = new ProblemLog(new Logger('Health'));
  private indicators: readonly Indicator[] = [];

  constructor(private readonly discovery: DiscoveryService) {}

  /** @throws ContributionError */
  onModuleInit(): void {
    this.indicators = findContributions<HealthContribution>(
      this.discovery,
      HealthIndicator,
      'health',
      this,
    ).map(({ source, provider, isOwn }) => ({
      name: source,
      source,
      isOwn,
      call: new LimitedCall(async () => checked(await provider.health()), LIMIT_MS),
    }));
  }

  /** The reports of this server and those of modules of others. Never rejects. */
  async check(): Promise<Record<'own' | 'others', readonly IndicatorReport[]>> {
    const ask = (isOwn: boolean): Promise<IndicatorReport[]> =>
      Promise.all(
        this.indicators
          .filter((indicator) => indicator.isOwn === isOwn)
          .map((indicator) => this.report(indicator)),
      );
    const [own, others] = await Promise.all([ask(true), ask(false)]);
    return { own, others };
  }

  private async report(indicator: Indicator): Promise<IndicatorReport> {
    const { source, call } = indicator;
    try {
      const report = await call.result();
      indicator.name = report.name;
      this.problems.resolved(source);
      return report;
    } catch (error) {
      const { message, code, fields } = describeFailure(error);
      this.problems.report(source, `health indicator ${source} has no report: ${message}`, fields);
      return { name: indicator.name, ready: false, error: code };
    }
  }
}

/** A copy of the report that is JSON. @throws TypeError for what is no report, or cannot be JSON. */
function checked({ name, ready, detail }: HealthReport): HealthReport {
  if (typeof name !== 'string' || typeof ready !== 'boolean') throw new TypeError('name or ready is missing');
  return JSON.parse(JSON.stringify({ name, ready, detail })) as HealthReport;
}
