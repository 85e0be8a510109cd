/** The content codings that this server offers. */
export type ContentCoding = 'br' | 'gzip';

/** Whether a client accepts a content coding (RFC 9110, 12.5.3). @param header Accept-Encoding. */
export function acceptsCoding(header = '', coding: ContentCoding): boolean {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [, name, weight = '1'] = /^\s*([^\s;]+)\s*(?:;\s*q=([\d.]+)\s*)?$/.exec(part) ?? [];
    // The older name, which means the same (RFC 9110, 8.4.1.3).
    if (name !== undefined) weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight));
  }
  return (weights.get(coding) ?? weights.get('*') ?? 0) > 0;
}
