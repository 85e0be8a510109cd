import type { StreamAudience } from '../stream/subscription/stream-audience.js';

/** Number of clients with a label of their own. Messages that further clients missed are summed up under `other`. */
export const MAX_CLIENT_LABELS = 200;

interface LabelledValue {
  readonly client: string;
  readonly value: number;
}

/** Returns how many messages each connected client missed. Clients that missed messages get labels before the others. */
export function labelledClients(
  audiences: Readonly<Record<string, Pick<StreamAudience, 'clients'>>>,
): LabelledValue[] {
  const missing: LabelledValue[] = [];
  const complete: LabelledValue[] = [];
  let others: number | undefined;
  for (const { clients } of Object.values(audiences)) {
    for (const { address, stats } of clients) {
      const list = stats.dropped > 0 ? missing : complete;
      if (list.length < MAX_CLIENT_LABELS) list.push({ client: address, value: stats.dropped });
      else others = (others ?? 0) + stats.dropped;
    }
  }
  const labelled = [...missing, ...complete].slice(0, MAX_CLIENT_LABELS);
  if (missing.length + complete.length > labelled.length) others ??= 0;
  return others === undefined ? labelled : [...labelled, { client: 'other', value: others }];
}
