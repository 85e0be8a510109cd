import type { SeededNumbers } from '../../certificate/testing/seeded-numbers.js';
import type { EntryFacts } from '../entry-facts.js';
import type { FilterField } from '../filter-terms.js';

/** Lists of terms as a client would write them, before they are checked. */
export type WrittenFilter = Partial<Record<FilterField, string[]>>;

/**
 * Generates filters whose terms are parts of given entries, so that they often match: names and their parents, parts of names,
 * issuers, logs and addresses. Some terms are mutated and match nearly nothing.
 */
export class RandomFilters {
  constructor(
    private readonly facts: readonly EntryFacts[],
    private readonly random: SeededNumbers,
  ) {}

  next(): WrittenFilter {
    const { random } = this;
    const filter: WrittenFilter = {};
    const fields: FilterField[] = [];
    for (let count = 1 + random.below(3); count > 0; count--) fields.push(random.pick(FIELDS));
    for (const field of fields)
      filter[field] = Array.from({ length: 1 + random.below(3) }, () => this.term(field));
    return filter;
  }

  private term(field: FilterField): string {
    const { random } = this;
    const { names, issuer, source, addresses } = random.pick(this.facts);
    switch (field) {
      case 'domain':
      case 'exclude_domain':
        return this.domain(names);
      case 'similar':
        return random.pick(['paypal.com', 'google.com', 'example.com', 'microsoft.com']);
      case 'keyword':
      case 'exclude_keyword':
        return this.keyword(names);
      case 'regex':
      case 'exclude_regex':
        return random.pick(['^www\\.', 'a+b', '[0-9]{3}', '\\.(com|net)$', 'mail|login', '^[a-f]', '(a+)+$']);
      case 'issuer':
      case 'exclude_issuer': {
        const text = random.pick([issuer.CN, issuer.O]) ?? '';
        const start = random.below(text.length);
        const part = text.slice(start, start + 1 + random.below(12));
        return part.trim() === '' || /\p{Surrogate}/u.test(part) ? "Let's Encrypt" : part;
      }
      case 'operator':
        return random.pick([source.operator, source.operator.toUpperCase(), 'Nobody']) || 'Nobody';
      case 'log':
        return random.pick([source.url, `${source.url}/`, source.name.toUpperCase(), 'other.example']);
      case 'type':
        return random.pick(['precert', 'cert']);
      case 'ca':
        return random.pick(['true', 'false']);
      case 'ip':
        return this.range(addresses);
    }
  }

  private domain(names: readonly string[]): string {
    const { random } = this;
    const name = names.length === 0 ? 'example.com' : random.pick(names);
    const labels = name.toLowerCase().replace(/\.$/, '').split('.');
    const domain = labels.slice(random.below(labels.length)).join('.');
    const isUsable = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(domain) && domain.length < 200;
    const term = isUsable ? domain : 'example.com';
    return (
      random
        .pick([term, term, term.toUpperCase(), `*.${term}`, `${term}.`, `x${term}`, term.slice(1)])
        .replace(/^\.+/, '') || 'com'
    );
  }

  private keyword(names: readonly string[]): string {
    const { random } = this;
    const name = names.length === 0 ? '' : random.pick(names);
    const start = random.below(Math.max(1, name.length - 3));
    const part = name.slice(start, start + 3 + random.below(8)).trim();
    return part.length < 4 || Buffer.byteLength(part) > 100 || /\p{Surrogate}/u.test(part) ? 'login' : part;
  }

  private range(addresses: readonly string[]): string {
    const { random } = this;
    const address = addresses.length === 0 ? '192.0.2.7' : random.pick(addresses);
    const bits = random.below(address.includes(':') ? 129 : 33);
    return random.pick([address, `${address}/${bits}`, `${address}/${bits >> 2}`]);
  }
}

const FIELDS: readonly FilterField[] = [
  ...Array.from({ length: 6 }, (): FilterField => 'domain'),
  ...Array.from({ length: 3 }, (): FilterField => 'keyword'),
  'regex',
  'similar',
  'issuer',
  'issuer',
  'operator',
  'log',
  'type',
  'ca',
  'ip',
  'exclude_domain',
  'exclude_domain',
  'exclude_keyword',
  'exclude_regex',
  'exclude_issuer',
];
