import type { EntryDelivery } from './entry-delivery.js';
import { HoldUntilProven, type HoldUntilProvenOptions } from './hold-until-proven.js';
import { PlainDelivery } from './plain-delivery.js';
import { StreamNow } from './stream-now.js';

/** `ct_log.verification`. */
export type VerificationMode = 'off' | 'warn' | 'enforce';

/** Creates the delivery that verifies and streams the entries of one log. */
export function createDelivery(mode: VerificationMode, options: HoldUntilProvenOptions): EntryDelivery {
  if (mode === 'off') return new PlainDelivery(options);
  return mode === 'enforce' ? new HoldUntilProven(options) : new StreamNow(options);
}
