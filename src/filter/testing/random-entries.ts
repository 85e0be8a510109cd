import type { EntryBatch } from '../../certificate/entry-batch.js';
import {
  certificate,
  extension,
  hex,
  name,
  type Rdn,
  sequence,
  subjectAltName,
  text,
} from '../../certificate/testing/der-builder.js';
import { tbsOf } from '../../certificate/testing/certificate-shapes.js';
import { batchOf, type TestEntry } from '../../certificate/testing/log-entries.js';
import type { SeededNumbers } from '../../certificate/testing/seeded-numbers.js';

const LABELS = [
  'www',
  'mail',
  'login',
  'paypal',
  'paypa1',
  'secure-paypal',
  'google',
  'gooogle',
  'example',
  'test',
  'a',
  'aa',
  'aaa',
  'aaaa',
  '123',
  '_dmarc',
  'xn--mnchen-3ya',
  'xn--pypal-4ve',
  'xn--a',
  'xn--',
  'xn--99999',
];
const SUFFIXES = ['com', 'net', 'de', 'co.uk', 'xn--p1ai', 'invalid', 'com.evil.net', 'github.io'];
const OPERATORS = ['Google', "Let's Encrypt", 'DigiCert', ''];
const BASIC_CONSTRAINTS = '2.5.29.19';
const DNS = 0x82;
const IP = 0x87;
const BMP_STRING = 0x1e;

/** Names that no host has. Logs contain such names, and their certificates must not disturb the others. */
export const ODD_NAMES: readonly (string | Buffer)[] = [
  '',
  '.',
  '..',
  '*',
  '*.',
  '*.*',
  ' ',
  '\0',
  'a\0b.example.com',
  'example.com\0',
  '\0.example.com',
  '株式会社テストサーバ',
  'münchen.de',
  'MÜNCHEN.DE',
  'www.münchen.de.',
  'ﬁnance.example.com',
  'K.example.com',
  'İ.example.com',
  'a.ß.com',
  '１２３.example.com',
  'a。example.com',
  '\u2028.example.com',
  '😀.example.com',
  '"quoted".example.com',
  'back\\slash.example.com',
  'https://example.com/',
  'user@example.com',
  '192.0.2.7',
  '.example.com',
  'a..example.com',
  'example.com..',
  'EXAMPLE.COM.',
  'xn--mnchen-3ya.DE',
  'xn---.com',
  'x'.repeat(300) + '.example.com',
  'a.'.repeat(3000) + 'com',
  'xn--' + 'a'.repeat(5000),
  Buffer.from([0xff, 0xfe, 0x2e, 0x63, 0x6f, 0x6d]),
  Buffer.from([0xe6, 0xa0]),
  Buffer.from([0xed, 0xa0, 0x80, 0x2e, 0x64, 0x65]),
];

/** Generates entries with names and issuers that have much in common, among them odd ones. */
export class RandomEntries {
  constructor(private readonly random: SeededNumbers) {}

  batch(count: number): EntryBatch {
    const { random } = this;
    const entries = Array.from({ length: count }, () => this.entry());
    return batchOf(entries, {
      name: `${random.pick(OPERATORS)} 'Log${2026 + random.below(2)}' log`,
      url: `https://ct${random.below(3)}.example.com/2026`,
      operator: random.pick(OPERATORS),
    });
  }

  /** Returns a name of a host, or an odd name. */
  name(): string | Buffer {
    const { random } = this;
    if (random.below(8) === 0) return random.pick(ODD_NAMES);
    const labels = Array.from({ length: 1 + random.below(3) }, () => random.pick(LABELS));
    const host = [...labels, random.pick(SUFFIXES)].join('.');
    return random.pick([
      host,
      host,
      host,
      `*.${host}`,
      host.toUpperCase(),
      `${host}.`,
      this.withOddOctet(host),
    ]);
  }

  /** Puts a character of several octets anywhere into a name. */
  private withOddOctet(host: string): string {
    const at = this.random.below(host.length + 1);
    return host.slice(0, at) + this.random.pick(['é', '式', '😀', '\0', ' ', '\u0301']) + host.slice(at);
  }

  private entry(): TestEntry {
    const { random } = this;
    const names = Array.from({ length: random.below(5) }, (): [number, string | Buffer] => [
      DNS,
      this.name(),
    ]);
    for (let count = Math.max(0, random.below(6) - 3); count > 0; count--) names.push([IP, this.address()]);
    const isCa = random.below(10) === 0;
    const submitted = certificate({
      issuer: this.issuer(),
      subject: this.subject(),
      extensions: [
        ...(names.length === 0 ? [] : [subjectAltName(...names)]),
        ...(isCa ? [extension(BASIC_CONSTRAINTS, sequence(hex('0101ff')))] : []),
      ],
    });
    const tbs = random.below(2) === 0 ? { tbs: tbsOf(submitted) } : {};
    return { timestamp: 0, submitted, chain: Buffer.alloc(0), ...tbs };
  }

  private subject(): Buffer {
    const { random } = this;
    if (random.below(3) === 0) return name();
    const common = this.name();
    if (random.below(10) > 0) return name(['CN', common]);
    const utf16 = Buffer.from(common.toString(), 'utf16le').swap16();
    return name(['CN', text(utf16, BMP_STRING)]);
  }

  private issuer(): Buffer {
    const { random } = this;
    const organizations = [
      "Let's Encrypt",
      'Google Trust Services',
      'DigiCert Inc',
      'Müller GmbH',
      'É, Inc.',
    ];
    const attributes: Rdn[] = [
      ['O', random.pick(organizations)],
      ['CN', random.pick(['R10', 'R11', 'WE1', 'ÉCOLE 2', 'İstanbul CA', 'E5\0'])],
      ['O', 'Second'],
    ];
    return name(...attributes.slice(0, random.below(attributes.length + 1)));
  }

  private address(): Buffer {
    const { random } = this;
    const last = random.below(4);
    return random.pick([
      Buffer.from([192, 0, 2, last]),
      Buffer.from([10, random.below(2), 0, last]),
      hex(`20010db8 0000000${random.below(2)} 00000000 0000000${last}`),
      hex(`00000000 00000000 0000ffff c000020${last}`),
      Buffer.from([1, 2, 3]),
    ]);
  }
}
