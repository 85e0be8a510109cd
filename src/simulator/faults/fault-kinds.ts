import { entryHooks } from './fault-entries.js';
import type { EntryFault } from './fault-entries.js';
import { headHooks } from './fault-heads.js';
import type { HeadFault } from './fault-heads.js';
import { transportHooks } from './fault-transport.js';
import type { TransportFault } from './fault-transport.js';
import { replyHooks } from './fault-replies.js';
import type { ReplyFault } from './fault-replies.js';
import type { FaultHooks } from '../log/request-context.js';

/** The kind of a fault. `custom` uses the given hooks. */
export type FaultKind =
  | HeadFault
  | EntryFault
  | ReplyFault
  | TransportFault
  | { readonly kind: 'custom'; readonly hooks: FaultHooks };

/** Returns the hooks of a fault. They hold its state, so each added fault needs its own call. */
export function hooksFor(fault: FaultKind): FaultHooks {
  switch (fault.kind) {
    case 'custom':
      return fault.hooks;
    case 'bad-signature':
    case 'other-key':
    case 'wrong-root':
    case 'older-head':
    case 'clock-skew':
    case 'fork':
      return headHooks(fault);
    case 'short-page':
    case 'empty-page':
    case 'too-many-entries':
    case 'duplicate-entry':
    case 'skip-entry':
    case 'reorder-entries':
    case 'flip-leaf':
    case 'flip-precertificate':
    case 'other-issuer':
    case 'flip-chain':
      return entryHooks(fault);
    case 'status':
    case 'html':
    case 'redirect':
    case 'missing-partial':
    case 'truncate':
    case 'flip-byte':
    case 'encoding':
    case 'rate-limit':
      return replyHooks(fault);
    default:
      return transportHooks(fault);
  }
}
