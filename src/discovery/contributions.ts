import type { DiscoverableDecorator, DiscoveryService } from '@nestjs/core';
import { CertstreamError } from '../kernel/certstream-error.js';

/** A provider that carries `@MetricSource()` or `@HealthIndicator()` cannot be used. */
export class ContributionError extends CertstreamError {}

export interface Contribution<T> {
  /** Name of the class. */
  readonly source: string;
  readonly provider: T;
  /** Whether it belongs to the module that asks. */
  readonly isOwn: boolean;
}

/**
 * The providers of the application that carry a decorator, those of the module of `finder` first.
 * @param method that each of them must have
 * @throws ContributionError (`CONTRIBUTION_UNUSABLE`) for one without that method, or with one instance per request or consumer.
 */
export function findContributions<T extends object>(
  discovery: DiscoveryService,
  decorator: DiscoverableDecorator<void>,
  method: keyof T & string,
  finder: object,
): Contribution<T>[] {
  const wrappers = discovery
    .getProviders()
    .filter(({ instance }) => typeof instance?.constructor === 'function');
  const home = wrappers.find(({ instance }) => instance === finder)?.host;
  const found = new Map<unknown, Contribution<T>>();
  for (const wrapper of wrappers) {
    const provider = wrapper.instance as T;
    if (found.has(provider) || discovery.getMetadataByDecorator(decorator, wrapper) === undefined) continue;
    const source = provider.constructor.name;
    const unusable = (why: string): ContributionError =>
      new ContributionError('CONTRIBUTION_UNUSABLE', `${source} is marked as a contribution and ${why}`);
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
      throw unusable('is request-scoped or transient; give it the default scope');
    if (typeof provider[method] !== 'function') throw unusable(`has no method ${method}()`);
    found.set(provider, { source, provider, isOwn: wrapper.host === home });
  }
  const all = [...found.values()];
  return [...all.filter(({ isOwn }) => isOwn), ...all.filter(({ isOwn }) => !isOwn)];
}

/** A failure as it is logged: with the stack where it may be a defect of the module. */
export function describeFailure(error: unknown): { message: string; code: string; fields: object } {
  if (error instanceof ContributionError) {
    const { message, code } = error;
    return { message, code, fields: { code } };
  }
  const code = 'CONTRIBUTION_FAILED';
  if (!(error instanceof Error)) return { message: String(error), code, fields: { code } };
  return { message: error.message, code, fields: { code, stack: error.stack } };
}

/** A call of a contribution that is limited in time and not made again while it runs. */
export class LimitedCall<T> {
  #running: Promise<T> | undefined;

  constructor(
    private readonly call: () => T | Promise<T>,
    private readonly limitMs: number,
  ) {}

  /**
   * The result of a new call, or of the one that still runs. Rejects with what the call throws, and after the limit with a
   * ContributionError (`CONTRIBUTION_TIMEOUT`).
   */
  result(): Promise<T> {
    this.#running ??= Promise.resolve()
      .then(() => this.call())
      .finally(() => (this.#running = undefined));
    const running = this.#running;
    return new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new ContributionError('CONTRIBUTION_TIMEOUT', `no result within ${this.limitMs} ms`));
      const timer = setTimeout(fail, this.limitMs);
      void running.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}
