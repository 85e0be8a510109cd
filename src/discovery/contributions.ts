import type { DiscoverableDecorator, DiscoveryService } from '@nestjs/core';
import { CertstreamError } from '../kernel/certstream-error.js';

/** Reports that a provider with `@MetricSource()` or `@HealthIndicator()` is unusable or has failed. */
export class ContributionError extends CertstreamError {}

export interface Contribution<T> {
  /** Class name of the provider. */
  readonly source: string;
  readonly provider: T;
  /** Whether the provider belongs to the same module as the finder. */
  readonly isOwn: boolean;
}

/**
 * Returns the providers of the application that carry the decorator; providers of the module of `finder` come first.
 * @param method name of the method that each provider must have
 * @throws ContributionError (`CONTRIBUTION_UNUSABLE`) if a provider lacks the method or has one instance per request or consumer.
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
      new ContributionError('CONTRIBUTION_UNUSABLE', `${source} is marked as a contribution but ${why}`);
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient)
      throw unusable('is request-scoped or transient; give it the default scope');
    if (typeof provider[method] !== 'function') throw unusable(`has no method ${method}()`);
    found.set(provider, { source, provider, isOwn: wrapper.host === home });
  }
  const all = [...found.values()];
  return [...all.filter(({ isOwn }) => isOwn), ...all.filter(({ isOwn }) => !isOwn)];
}

/** Describes a failure for the log. The fields include the stack if the failure may be a defect of the module. */
export function describeFailure(error: unknown): { message: string; code: string; fields: object } {
  if (error instanceof ContributionError) {
    const { message, code } = error;
    return { message, code, fields: { code } };
  }
  const code = 'CONTRIBUTION_FAILED';
  if (!(error instanceof Error)) return { message: String(error), code, fields: { code } };
  return { message: error.message, code, fields: { code, stack: error.stack } };
}

/** Calls a contribution with a time limit. At most one call runs at a time. */
export class LimitedCall<T> {
  #running: Promise<T> | undefined;

  constructor(
    private readonly call: () => T | Promise<T>,
    private readonly limitMs: number,
  ) {}

  /**
   * Waits for the running call, or starts a new one, and returns its result. Rejects with the error of the call, or after the
   * time limit with a ContributionError (`CONTRIBUTION_TIMEOUT`).
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
