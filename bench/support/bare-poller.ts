import { Child } from './child.js';

export interface PollerSetup {
  readonly logUrls: readonly string[];
}

/** Message of the child process when it is ready. */
export interface BarePollerAnswer {
  /** URL at which clients receive a message for each entry. */
  readonly url: string;
}

/** Starts, in another process, the smallest program that fetches the same entries and sends as many messages. */
export async function startBarePoller(
  setup: PollerSetup,
): Promise<{ url: string; child: Child<object, unknown> }> {
  const { ready, child } = await Child.start<object, unknown>('./bare-poller-child.js', setup);
  return { url: (ready as BarePollerAnswer).url, child };
}
