/** Terms by the name of their field, as a filter in JSON has them (docs/consumers.md, "Filters"). */
export type FilterFields = Readonly<Record<string, readonly string[]>>;

/** A filter that cannot be read. The message says what to change. */
export class FilterTextError extends Error {}

/** One part of a filter: blanks end it, unless they are between quotation marks. */
const PART = /(?:"[^"]*"|[^\s"])+/g;
const NAMED = /^(-?)([a-z_]+)[=:](.*)$/s;
/** Fields whose terms may contain commas. */
const WHOLE = new Set(['regex', 'exclude_regex']);

/**
 * Reads the text of the filter box: parts such as `domain=example.com,example.net` or `issuer="let's encrypt"`, separated by blanks.
 * Commas separate terms, as in the query of a stream. A part without field is a `domain` if it has a dot, otherwise a `keyword`.
 * A minus sign before a part excludes: `-paypal.com` is `exclude_domain=paypal.com`. The server checks fields and terms.
 * @throws FilterTextError
 */
export function readFilterText(text: string): FilterFields {
  if ((text.match(/"/g)?.length ?? 0) % 2 === 1)
    throw new FilterTextError('A quotation mark is missing at the end of a term.');
  const fields: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [part] of text.matchAll(PART)) {
    const [field, value] = readPart(part);
    const plain = value.replaceAll('"', '');
    if (plain.trim() === '') throw new FilterTextError(`“${field}” has no term. Write ${field}=term.`);
    (fields[field] ??= []).push(...(WHOLE.has(field) ? [plain] : plain.split(',')));
  }
  return { ...fields };
}

function readPart(part: string): readonly [field: string, value: string] {
  const [, minus, name, value] = NAMED.exec(part) ?? [];
  if (name !== undefined) return [minus === '-' ? `exclude_${name}` : name, value];
  const isExcluded = part.length > 1 && part.startsWith('-');
  const bare = isExcluded ? part.slice(1) : part;
  return [`${isExcluded ? 'exclude_' : ''}${bare.includes('.') ? 'domain' : 'keyword'}`, bare];
}

/** Writes fields so that {@link readFilterText} reads the same. Terms with quotation marks lose them. */
export function writeFilterText(fields: FilterFields): string {
  return Object.entries(fields)
    .flatMap(([field, terms]) =>
      (WHOLE.has(field) ? terms : [terms.join(',')]).map((value) => {
        const plain = value.replaceAll('"', '');
        return `${field}=${/\s/.test(plain) ? `"${plain}"` : plain}`;
      }),
    )
    .join(' ');
}

/** Reads the `filter` of a `subscribed` message: a list of terms, or one value, for each field. */
export function fieldsOfAnswer(filter: unknown): FilterFields {
  if (typeof filter !== 'object' || filter === null) return {};
  return Object.fromEntries(
    Object.entries(filter).map(([field, terms]) => [
      field,
      (Array.isArray(terms) ? (terms as unknown[]) : [terms]).map(String),
    ]),
  );
}

/** Adds the fields to the query of a stream. */
export function addToQuery(query: URLSearchParams, fields: FilterFields): void {
  for (const [field, terms] of Object.entries(fields))
    for (const value of WHOLE.has(field) ? terms : [terms.join(',')]) query.append(field, value);
}
