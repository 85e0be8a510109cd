import type { NameAttributes, SubjectAltName } from './certificate-builder.js';
import { ipAddressBytes } from './certificate-builder.js';
import type { SeededRandom } from './seeded-random.js';

/** Kinds of certificates that the simulator issues. */
export type CertificateProfile =
  'dv' | 'wildcard' | 'empty-subject' | 'many-names' | 'ov' | 'mixed-names' | 'precert-signing-certificate';

/** Subject and names of a certificate that is to be issued. */
export interface CertificateRequest {
  readonly subject: NameAttributes;
  readonly names: readonly SubjectAltName[];
  /** Key type of issuer and subject. */
  readonly keyType: 'rsa' | 'ecdsa';
  readonly organizationValidated: boolean;
}

const WORDS = [
  'amber',
  'basil',
  'cedar',
  'delta',
  'ember',
  'fjord',
  'grove',
  'heron',
  'indigo',
  'juniper',
] as const;
const ZONES = ['example.com', 'example.net', 'example.org', 'test.example', 'xn--bcher-kva.example'] as const;
const MANY_NAMES = 100;

/** Weights like in the entries of large logs: mostly without organization, often without subject. */
const MIX = [
  'dv',
  'dv',
  'dv',
  'empty-subject',
  'empty-subject',
  'empty-subject',
  'wildcard',
  'wildcard',
  'ov',
  'dv',
] as const satisfies readonly CertificateProfile[];
const RARE = ['many-names', 'mixed-names', 'precert-signing-certificate'] as const;
const RARE_SHARE = 0.03;

export function randomProfile(random: SeededRandom): CertificateProfile {
  return random.next() < RARE_SHARE ? random.pick(RARE) : random.pick(MIX);
}

export function requestFor(profile: CertificateProfile, random: SeededRandom): CertificateRequest {
  const host = hostName(random);
  const www = { dns: `www.${host}` };
  const plain = { subject: { CN: host }, organizationValidated: false };
  const keyType = random.next() < 0.2 ? 'rsa' : 'ecdsa';
  switch (profile) {
    case 'dv':
      return { ...plain, keyType, names: random.next() < 0.5 ? [{ dns: host }] : [{ dns: host }, www] };
    case 'wildcard':
      return {
        ...plain,
        keyType,
        subject: { CN: `*.${host}` },
        names: [{ dns: `*.${host}` }, { dns: host }],
      };
    case 'empty-subject':
      return { ...plain, keyType, subject: {}, names: [{ dns: host }, www] };
    case 'many-names':
      return { ...plain, keyType, names: manyNames(host) };
    case 'ov':
      return {
        keyType: 'rsa',
        subject: { C: 'CH', ST: 'Zürich', L: 'Winterthur', O: 'Example & Söhne AG', OU: 'IT', CN: host },
        names: [{ dns: host }, www],
        organizationValidated: true,
      };
    case 'mixed-names':
      return { ...plain, keyType, names: mixedNames(host, random) };
    case 'precert-signing-certificate':
      return { ...plain, keyType: 'ecdsa', names: [{ dns: host }] };
  }
}

function hostName(random: SeededRandom): string {
  return `${random.pick(WORDS)}-${random.below(0x1000000).toString(16)}.${random.pick(ZONES)}`;
}

function manyNames(host: string): SubjectAltName[] {
  const names = Array.from({ length: MANY_NAMES - 1 }, (_, i) => ({ dns: `n${i}.${host}` }));
  return [{ dns: host }, ...names];
}

function mixedNames(host: string, random: SeededRandom): SubjectAltName[] {
  return [
    { dns: host },
    { ip: Buffer.from([192, 0, 2, random.below(256)]) },
    { ip: ipAddressBytes(`2001:db8::${random.below(0x10000).toString(16)}`) },
    { email: `admin@${host}` },
    { uri: `https://${host}/id` },
  ];
}
