import { Child } from './child.js';

export interface PollerSetup {
  readonly logUrls: readonly string[];
}

/** What it says when it is ready. */
export interface BarePollerAnswer {
  /** Whoever connects there is sent a message for each entry. */
  readonly url: string;
}

/** The smallest program that fetches the same entries and sends as many messages, in another process. */
export async function startBarePoller(
  setup: PollerSetup,
): Promise<{ url: string; child: Child<object, unknown> }> {
  const { ready, child } = await Child.start<object, unknown>('./bare-poller-child.js', setup);
  return { url: (ready as BarePollerAnswer).url, child };
}
