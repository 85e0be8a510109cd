import {
  certificate,
  extension,
  generalNames,
  hex,
  name,
  subjectAltName,
  text,
} from '../../../certificate/testing/der-builder.js';
import { tbsOf } from '../../../certificate/testing/certificate-shapes.js';
import { mutateBytes, mutateElements } from '../../../certificate/testing/der-mutator.js';
import { chainOf } from '../../../certificate/testing/log-entries.js';
import type { SeededNumbers } from '../../../certificate/testing/seeded-numbers.js';
import { FUZZ_SHAPES, type FuzzShape } from './fuzz-target.js';

/** Seed certificates, used without a corpus. */
export const BUILT_CERTIFICATES: readonly Buffer[] = [
  certificate({
    subject: name(
      ['C', 'US'],
      ['O', text('Caf\xe9', 0x14)],
      ['CN', text(hex('0043d83d'), 0x1e)],
      ['email', 'e@x'],
    ),
    extensions: [
      subjectAltName(
        [0x82, 'a.example'],
        [0x82, hex('c3a9ff22')],
        [0x87, Buffer.alloc(16)],
        [0x86, 'http://u'],
      ),
      extension(
        '1.3.6.1.5.5.7.1.1',
        hex('3022 3020 06082b06010505073001 8614 687474703a2f2f6f6373702e6578616d706c652f2f'),
      ),
      extension('2.5.29.35', hex('3004 8002 0102')),
      extension('2.5.29.19', hex('3003 0101ff'), true),
      extension(
        '2.5.29.32',
        hex('3024 3022 060667810c010202 3018 3016 06082b06010505070201 160a 687474703a2f2f637073'),
      ),
      extension('2.5.29.37', hex('3014 06082b06010505070301 06082b06010505070302')),
      extension('2.5.29.15', hex('030205a0')),
      extension('2.5.29.14', hex('04020102')),
      extension('2.5.29.31', hex('3010 300e a00c a00a 8608 687474703a2f2f63')),
      extension('2.5.29.18', generalNames([0x82, 'i'])),
      extension('1.3.6.1.4.1.11129.2.4.2', hex('0404 00020000')),
    ],
  }),
  certificate({ extensions: Array.from({ length: 30 }, (_, i) => subjectAltName([0x82, `n${i}.example`])) }),
  certificate(),
];

/** One mutated input. */
export interface FuzzInput {
  readonly shape: FuzzShape;
  readonly bytes: Buffer;
}

/** Applies one to four mutations to a certificate, and mutates the structure that a log wraps around it. */
export function mutatedInput(seeds: readonly Buffer[], random: SeededNumbers): FuzzInput {
  let der = random.pick(seeds);
  for (let changes = random.below(4); changes >= 0; changes--) {
    der = random.below(3) === 0 ? mutateBytes(der, random) : mutateElements(der, random.pick(seeds), random);
  }
  const shape = random.pick(FUZZ_SHAPES);
  if (shape === 'certificate') return { shape, bytes: der };
  const wrapped = shape === 'page' ? page(der, seeds, random) : tile(der, random);
  return { shape, bytes: random.below(4) === 0 ? mutateBytes(wrapped, random) : wrapped };
}

function page(der: Buffer, seeds: readonly Buffer[], random: SeededNumbers): Buffer {
  const chain = vector(chainOf(random.pick(seeds), der));
  const entries = [
    [leaf(false, der), chain],
    [leaf(true, der), Buffer.concat([vector(der), chain])],
  ].map((parts) => parts.map((part) => (random.below(5) === 0 ? mutateBytes(part, random) : part)));
  const rows = entries.map(([leafInput, extraData]) => ({
    leaf_input: leafInput.toString('base64'),
    extra_data: extraData.toString('base64'),
  }));
  return Buffer.from(JSON.stringify({ entries: rows }));
}

function tile(der: Buffer, random: SeededNumbers): Buffer {
  const fingerprints = Buffer.concat([Buffer.from([0, 32]), random.bytes(32)]);
  const x509 = Buffer.concat([leaf(false, der).subarray(2), fingerprints]);
  const precert = Buffer.concat([leaf(true, der).subarray(2), vector(der), fingerprints]);
  return Buffer.concat([Buffer.from([2]), x509, precert]);
}

/** MerkleTreeLeaf (RFC 6962, 3.4) without extensions. */
function leaf(precert: boolean, der: Buffer): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 1, 0x9a, 0, 0, 0, 0, 0, precert ? 1 : 0]);
  const keyHash = precert ? Buffer.alloc(32) : Buffer.alloc(0);
  return Buffer.concat([head, keyHash, vector(precert ? tbsOf(der) : der), Buffer.alloc(2)]);
}

function vector(bytes: Buffer): Buffer {
  const length = Buffer.alloc(3);
  length.writeUIntBE(Math.min(bytes.length, 0xffffff), 0, 3);
  return Buffer.concat([length, bytes]);
}
