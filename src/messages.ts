/**
 * Types of all messages of the streams, for programs that receive them: `certstream-server-nest/messages`. docs/wire-format.md describes
 * each field. This file has no code, so that it costs a client nothing.
 */
import type { CertificateUpdate, DnsEntries } from './certificate/certificate-message.js';
import type { FilterFields } from './filter/filter-terms.js';
import type {
  CursorMessage,
  ErrorMessage,
  GapMessage,
  HeartbeatMessage,
  LiveMessage,
  StatusMessage,
  SubscribedMessage,
} from './stream/subscription/stream-events.js';

export type {
  CertificateData,
  CertificateExtensions,
  CertificateName,
  CertificateUpdate,
  DataEnrichment,
  DnsEntries,
  LeafCert,
  LeafEnrichment,
  MessageSource,
  ParseError,
} from './certificate/certificate-message.js';
export type { FilterFields } from './filter/filter-terms.js';
export type {
  CursorMessage,
  ErrorMessage,
  GapMessage,
  GapReason,
  HeartbeatMessage,
  LiveMessage,
  StatusMessage,
  SubscribedMessage,
} from './stream/subscription/stream-events.js';

/** A message about the stream itself. Most of them are sent only with `events=1`. */
export type EventMessage =
  | CursorMessage
  | ErrorMessage
  | GapMessage
  | HeartbeatMessage
  | LiveMessage
  | StatusMessage
  | SubscribedMessage;

/** Any message of the full or the lite stream. `message_type` distinguishes them. Later versions may send further types. */
export type StreamMessage = CertificateUpdate | EventMessage;

/** Any message of the domains-only stream. */
export type DomainsMessage = DnsEntries | EventMessage;

/** A request over the WebSocket. The answer repeats `id`. */
export type StreamRequest =
  | {
      readonly op: 'subscribe';
      readonly filter?: FilterFields | null;
      readonly unique?: boolean;
      readonly id?: unknown;
    }
  | { readonly op: 'add' | 'remove'; readonly filter: FilterFields; readonly id?: unknown }
  | { readonly op: 'pause' | 'resume' | 'status'; readonly id?: unknown };
