import { Child } from './child.js';

export interface PollerSetup {
  readonly logUrls: readonly string[];
}

/** The smallest program that fetches the same entries, in another process. */
export async function startBarePoller(setup: PollerSetup): Promise<Child<object, unknown>> {
  return (await Child.start<object, unknown>('./bare-poller-child.js', setup)).child;
}
