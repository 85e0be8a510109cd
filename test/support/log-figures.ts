import type { LogCounters } from '../../src/ct-log/reporting/log-counters.js';
import type { LogStatus } from '../../src/ct-log/reporting/log-status.js';
import type { TestSystem } from '../../src/testing/test-system.js';

/** Counters and status of one log as a single live object, so that a test can check both at once. */
export type LogFigures = LogCounters & LogStatus;

export function logFigures(counters: LogCounters, status: LogStatus): LogFigures {
  const figures = {};
  for (const owner of [counters, status]) {
    for (const key of [...Object.keys(owner), ...(owner === status ? ['lag'] : [])]) {
      Object.defineProperty(figures, key, {
        enumerable: true,
        get: () => Reflect.get(owner, key) as unknown,
        set(value) {
          Reflect.set(owner, key, value);
        },
      });
    }
  }
  return figures as LogFigures;
}

/** The live numbers of one followed log; undefined when it is not followed. */
export function statsOf(system: TestSystem, log: { readonly url: string }): LogFigures | undefined {
  const followed = system.followed(log);
  return followed && logFigures(followed.counters, followed.status);
}
