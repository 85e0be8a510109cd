import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { describeFailure, findContributions, LimitedCall } from '../discovery/contributions.js';
import {
  type HealthContribution,
  HealthIndicator,
  type HealthReport,
} from '../discovery/health-indicator.js';
import { ProblemLog } from '../logging/problem-log.js';

/** Time limit of one indicator in milliseconds, below the default timeout of a Kubernetes readiness probe (1 second). */
const LIMIT_MS = 800;

/** Report of one indicator in the answer to `GET /readyz`. */
export interface IndicatorReport extends HealthReport {
  /** Why the indicator returned no report: `CONTRIBUTION_FAILED` or `CONTRIBUTION_TIMEOUT`. */
  readonly error?: string;
}

interface Indicator {
  /** Name in the last report; before the first report, the class name. */
  name: string;
  readonly source: string;
  readonly isOwn: boolean;
  readonly call: LimitedCall<HealthReport>;
}

/** Collects the reports of all health indicators of the application. */
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

  /** Returns the reports of this server's own indicators and of indicators in custom modules. Never rejects. */
  async check(): Promise<Record<'own' | 'others', readonly IndicatorReport[]>> {
    const reports = (isOwn: boolean): Promise<IndicatorReport[]> =>
      Promise.all(
        this.indicators
          .filter((indicator) => indicator.isOwn === isOwn)
          .map((indicator) => this.report(indicator)),
      );
    const [own, others] = await Promise.all([reports(true), reports(false)]);
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
      this.problems.report(source, `health indicator ${source} failed: ${message}`, fields);
      return { name: indicator.name, ready: false, error: code };
    }
  }
}

/** Copies the report as plain JSON. @throws TypeError if the value is not a report or cannot be written as JSON. */
function checked({ name, ready, detail }: HealthReport): HealthReport {
  if (typeof name !== 'string' || typeof ready !== 'boolean') throw new TypeError('name or ready is missing');
  return JSON.parse(JSON.stringify({ name, ready, detail })) as HealthReport;
}
