import type { CertificateName, CertificateUpdate, DnsEntries } from '../certificate/certificate-message.js';
import { printable } from '../logging/printable.js';

/** Parts of SGR sequences (ECMA-48, 8.3.117). */
const DIM = 2;
const BOLD = 1;
const CYAN = 36;
/** Columns of a line whose terminal does not say its width. */
const USUAL_WIDTH = 120;
/** Columns of time, type and the two spaces after each. */
const FIRST_WIDTH = 8 + 2 + 7 + 2;
/** Columns of issuer and log on a wide terminal. A narrower one shows a shorter issuer and no log. */
const WIDE = { least: 110, issuer: 28, log: 32 };
const NARROW_ISSUER = 18;
/** Least columns for the names, also on a narrow terminal. */
const LEAST_NAMES = 16;

export interface LineStyle {
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width?: number;
}

/** The messages of the three streams. */
export type StreamMessage = CertificateUpdate | DnsEntries;

/** Whether a parsed JSON text is a certificate: a message of one of the three streams, with the parts that a line shows. */
export function isStreamMessage(json: unknown): json is StreamMessage {
  const { message_type: type, data } = (json ?? {}) as { message_type?: unknown; data?: unknown };
  if (type === 'dns_entries') return Array.isArray(data);
  if (type !== 'certificate_update') return false;
  const { leaf_cert: leaf } = (data ?? {}) as { leaf_cert?: { all_domains?: unknown } };
  return Array.isArray(leaf?.all_domains);
}

/**
 * Formats a message as one line without control characters: time of day, type, names, issuer, log. A message of the domains-only
 * stream has only names. Names that do not fit are counted.
 * @param now milliseconds since the epoch, for messages without a time.
 */
export function certificateLine(message: StreamMessage, { colour, width }: LineStyle, now: number): string {
  const paint = (text: string, style: number): string => (colour ? `\u001b[${style}m${text}\u001b[0m` : text);
  const isWide = (width ?? USUAL_WIDTH) >= WIDE.least;
  const issuerWidth = isWide ? WIDE.issuer : NARROW_ISSUER;
  const afterNames = 2 + issuerWidth + (isWide ? 2 + WIDE.log : 0);
  const room = Math.max(LEAST_NAMES, (width ?? USUAL_WIDTH) - FIRST_WIDTH - afterNames);
  if (message.message_type === 'dns_entries') {
    const names = shownNames(message.data, room + afterNames);
    return `${paint(timeOfDay(now), DIM)}  ${paint(names, BOLD)}`;
  }
  const { leaf_cert: leaf, seen, source, update_type: type } = message.data;
  const names = shownNames(leaf.all_domains.length > 0 ? leaf.all_domains : [leaf.subject?.CN ?? ''], room);
  const issuer = cut(issuerName(leaf.issuer), issuerWidth);
  const parts = [
    paint(timeOfDay(typeof seen === 'number' ? seen * 1000 : now), DIM),
    paint(type === 'PrecertLogEntry' ? 'precert' : 'cert   ', DIM),
    paint(names.padEnd(room), BOLD),
    paint(isWide ? issuer.padEnd(issuerWidth) : issuer, CYAN),
  ];
  if (isWide) parts.push(paint(cut(textOf(source?.name ?? source?.url), WIDE.log), DIM));
  return parts.join('  ');
}

/** Organisation and common name; the name of the organisation is often the beginning of the other. */
function issuerName(issuer: CertificateName | undefined): string {
  const [organisation, common] = [textOf(issuer?.O), textOf(issuer?.CN)];
  return common.startsWith(organisation) ? common : `${organisation} ${common}`.trim();
}

function shownNames(names: readonly unknown[], room: number): string {
  let shown = '';
  for (const [i, name] of names.entries()) {
    const rest = names.length - i > 1 ? ` +${names.length - i - 1}` : '';
    const longer = i === 0 ? textOf(name) : `${shown} ${textOf(name)}`;
    if (longer.length + rest.length <= room) shown = longer;
    else if (i === 0) return cut(longer, room - rest.length) + rest;
    else return `${shown} +${names.length - i}`;
  }
  return shown;
}

/** A value of another server may have another type. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? printable(value, 256) : '';
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function timeOfDay(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return '--:--:--';
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => `${part}`.padStart(2, '0'))
    .join(':');
}
