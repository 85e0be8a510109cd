/** Messages of the lite stream with `events=1` and `enrich=1` (docs/wire-format.md): the members that the page uses. */
export interface CertificateUpdate {
  readonly data: {
    readonly cert_index: number;
    readonly cert_link: string;
    /** Issuers, in full messages. */
    readonly chain?: readonly LeafCert[];
    readonly cursor?: string | null;
    readonly leaf_cert: LeafCert;
    readonly log_id?: string | null;
    readonly parse_error?: string;
    readonly seen: number;
    readonly source: LogSource;
    readonly update_type: string;
    readonly verification?: string;
  };
}

export interface LogSource {
  readonly name: string;
  readonly url: string;
  readonly operator: string;
  readonly timestamp: number;
  readonly type: string;
}

export interface LeafCert {
  readonly all_domains: readonly string[];
  /** Base64 of the DER, in full messages. */
  readonly as_der?: string;
  readonly extensions: Readonly<Record<string, string | boolean>>;
  readonly is_ca: boolean;
  readonly issuer: DistinguishedName;
  readonly key_type?: string | null;
  readonly not_after: number;
  readonly not_before: number;
  readonly serial_number: string;
  readonly sha1: string;
  readonly sha256: string;
  readonly signature_algorithm: string;
  readonly subject: DistinguishedName;
  readonly validation_type?: string | null;
}

export interface DistinguishedName {
  readonly aggregated: string;
  readonly CN: string | null;
  readonly O: string | null;
}

export interface Gap {
  /** Missing messages; absent when the number is unknown. */
  readonly messages?: number;
  readonly reason: 'slow' | 'unavailable' | 'expired';
}

export type StreamEvent =
  | { readonly message_type: 'gap'; readonly data: Gap }
  | {
      readonly message_type: 'cursor';
      readonly data: { readonly cursor: string; readonly left_out?: number };
    }
  | { readonly message_type: 'live'; readonly data: { readonly cursor: string } }
  | {
      readonly message_type: 'subscribed';
      readonly data: {
        readonly id?: unknown;
        readonly filter: unknown;
        readonly unique: boolean;
        readonly cursor: string | null;
      };
    }
  | {
      readonly message_type: 'error';
      readonly data: { readonly id?: unknown; readonly code: string; readonly message: string };
    };

/** Whether a message is a `certificate_update`. Only these begin with `data`, so nothing needs to be parsed. */
export function isCertificateText(text: string): boolean {
  return text.startsWith('{"data":{');
}

/** Returns undefined for other messages, and for a text that is none. */
export function readEvent(text: string): StreamEvent | undefined {
  const value = parsed(text) as StreamEvent | { readonly message_type?: unknown; readonly data?: unknown };
  if (typeof value?.data !== 'object' || value.data === null) return undefined;
  const known: unknown[] = ['gap', 'cursor', 'live', 'subscribed', 'error'];
  return known.includes(value.message_type) ? (value as StreamEvent) : undefined;
}

/** Returns undefined for a text that is no `certificate_update`. */
export function readCertificate(text: string): CertificateUpdate | undefined {
  const value = parsed(text) as CertificateUpdate | undefined;
  return Array.isArray(value?.data?.leaf_cert?.all_domains) ? value : undefined;
}

/** Returns the place after a message; undefined if the message does not name it. */
export function cursorOf(text: string): string | undefined {
  return readCertificate(text)?.data.cursor ?? undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
