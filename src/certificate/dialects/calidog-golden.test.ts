import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CertificateBatch } from '../certificate-batch.js';
import type { CertificateData, LeafCert } from '../certificate-message.js';
import { CertificateRenderer } from '../certificate-renderer.js';
import { batchOf, entryOfPage } from '../testing/log-entries.js';

const corpus = process.env['CT_CORPUS_DIR'];
const golden = corpus === undefined ? undefined : join(dirname(corpus), 'golden');
if (golden === undefined) console.warn('calidog-golden.test.ts skipped: CT_CORPUS_DIR is not set');

/** Fields of `leaf_cert` in which this server intentionally differs from the original server. */
const DIFFERENT: Record<string, readonly (keyof LeafCert)[]> = {
  // The original prints nothing for a BMPString.
  '06_bmp': ['subject'],
  // It treats every byte of a UTF-8 name as a character.
  '37_san_dns_nonascii': ['extensions'],
  '38_san_dns_ctrl': ['extensions'],
  // It prints a line without a method, and an empty line.
  '68_aia_odd': ['extensions'],
  '69_aia_nonuri_only': ['extensions'],
  // It cuts the notice after 8 bytes and loses the policies around it.
  '71_cp': ['extensions'],
  // It prints text and null, although other dates are integers.
  '91_date_9999': ['not_after'],
  '97_date_invalid_day': ['not_before'],
  '98_date_leapsec': ['not_before'],
  // It names the precertificate signing certificate, which is not the issuer of the certificate.
  C_precert_signing_cert: ['issuer'],
};

interface Edge {
  readonly name: string;
  readonly leaf_input: string;
  readonly extra_data: string;
}

function lines<T>(file: string): T[] {
  if (golden === undefined) return [];
  const text = readFileSync(join(golden, file), 'utf8').trim();
  return text.split('\n').map((line) => JSON.parse(line) as T);
}

/** Returns the recorded messages of the original server, for the inputs for which it printed one. */
function observed(): { name: string; data: CertificateData; edge: Edge }[] {
  const edges = new Map(lines<Edge>('edge_model.jsonl').map((edge) => [edge.name, edge]));
  return lines<{ name: string; elixir: string }>('edge_observed.jsonl').flatMap(({ name, elixir }) => {
    const edge = edges.get(name);
    if (edge === undefined || !elixir.startsWith('{')) return [];
    return [{ name, edge, data: (JSON.parse(elixir) as { data: CertificateData }).data }];
  });
}

function dataOf({ leaf_input, extra_data }: Edge): CertificateData {
  const entry = entryOfPage(Buffer.from(leaf_input, 'base64'), Buffer.from(extra_data, 'base64'));
  const entries = batchOf([entry], { url: 'https://log.example/x' });
  return new CertificateBatch(entries, new CertificateRenderer()).entry(0).message('calidog').data;
}

describe.skipIf(golden === undefined)('what the original server was seen to print', () => {
  it.each(observed())('$name', ({ name, data, edge }) => {
    const { all_domains, ...expected } = data.leaf_cert;
    const here = dataOf(edge);
    for (const field of DIFFERENT[name] ?? []) {
      expect(here.leaf_cert[field]).not.toEqual(expected[field as keyof typeof expected]);
      delete expected[field as keyof typeof expected];
    }
    const { email_address: _subject, ...subject } = here.leaf_cert.subject;
    const { email_address: _issuer, ...issuer } = here.leaf_cert.issuer;
    expect({ ...here.leaf_cert, subject, issuer }).toMatchObject(expected);
    if (expected.extensions !== undefined) expect(here.leaf_cert.extensions).toEqual(expected.extensions);
    expect(here).toMatchObject({ cert_link: data.cert_link, source: { url: data.source.url } });

    // The original prints a set: without order, with the CN of CAs and empty CNs, and with one character per byte of a name.
    const asThere = here.leaf_cert.all_domains.map((domain) => Buffer.from(domain).toString('latin1'));
    const known = [...here.leaf_cert.all_domains, ...asThere, '', data.leaf_cert.subject.CN];
    expect(all_domains.filter((domain) => !known.includes(domain))).toEqual([]);
  });
});
