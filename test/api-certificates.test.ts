import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateUpdate } from '../src/certificate/certificate-message.js';
import { ApiSystem } from './support/api-system.js';

let api: ApiSystem;

/** Requests a certificate until its index is complete. */
async function getCertificate(path: string): ReturnType<ApiSystem['get']> {
  for (;;) {
    const answer = await api.get(path);
    if (answer.status !== 503) return answer;
    expect(answer.json()).toMatchObject({ code: 'API_INDEX_BUILDING' });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
}

describe.each(['memory', 'disk'])('/api/cert/{hash} with the journal in %s', (store) => {
  let path: string;
  const startedAt = Date.now();
  beforeAll(async () => {
    path = mkdtempSync(join(tmpdir(), 'api-journal-'));
    api = await ApiSystem.start({ journal: { store, path } });
  });
  afterAll(async () => {
    await api.close();
    rmSync(path, { recursive: true });
  });

  it('finds every streamed certificate by SHA-256 and SHA-1, in every spelling', async () => {
    for (const { data } of api.reader.updates().filter((_, i) => i % 9 === 0)) {
      const { leaf_cert: leaf } = data;
      for (const hash of [leaf.sha256, leaf.sha1, leaf.fingerprint]) {
        const plain = hash.replaceAll(':', '');
        for (const text of [hash, hash.toLowerCase(), plain, plain.toLowerCase()].slice(
          0,
          (data.cert_index % 4) + 1,
        )) {
          const answer = await getCertificate(`/api/cert/${text}`);
          expect(answer.status, text).toBe(200);
          const { as_der: _der, ...shown } = leaf;
          expect(answer.json()).toMatchObject({ ...shown, sha256: leaf.sha256 });
        }
      }
    }
  });

  it('has the keys of certstream-server-rust', async () => {
    const [{ data }] = api.reader.updates().slice(-1);
    const document = (await getCertificate(`/api/cert/${data.leaf_cert.sha256}`)).json();
    const { name } = data.source;
    expect(document).toMatchObject({
      fingerprint: data.leaf_cert.fingerprint,
      sha1: data.leaf_cert.sha1,
      sha256: data.leaf_cert.sha256,
      serial_number: data.leaf_cert.serial_number,
      subject: data.leaf_cert.subject,
      issuer: data.leaf_cert.issuer,
      not_before: data.leaf_cert.not_before,
      not_after: data.leaf_cert.not_after,
      is_ca: data.leaf_cert.is_ca,
      all_domains: data.leaf_cert.all_domains,
      signature_algorithm: data.leaf_cert.signature_algorithm,
      seen: expect.any(Number) as number,
      source: name,
      cert_index: expect.any(Number) as number,
      cert_link: expect.any(String) as string,
    });
  });

  it('sends the certificate as DER, PEM and text', async () => {
    const [{ data }] = api.reader.updates();
    const { sha256, as_der: der = '' } = data.leaf_cert;
    const page = `/api/cert/${sha256}?format=`;
    const asDer = await getCertificate(`${page}der`);
    expect(asDer.body.toString('base64')).toBe(der);
    expect(asDer.type).toBe('application/pkix-cert');
    const asPem = await getCertificate(`${page}pem`);
    expect(new X509Certificate(asPem.body).fingerprint256).toBe(sha256);
    const asText = await getCertificate(`${page}text`);
    expect(asText.type).toBe('text/plain; charset=utf-8');
    expect(asText.body.toString()).toMatch(/^Certificate:\n/);
    expect(await api.errorOf(`${page}xml`)).toBe('400 API_FORMAT_UNKNOWN');
    expect(await api.errorOf(`${page}pem&format=der`)).toBe('400 API_FORMAT_UNKNOWN');
  });

  it('says how far back it goes when it does not know a hash', async () => {
    const answer = await getCertificate(`/api/cert/${'ab'.repeat(32)}`);
    expect(answer.status).toBe(404);
    const { error, code } = answer.json() as { error: string; code: string };
    expect(code).toBe('API_CERTIFICATE_UNKNOWN');
    const [, time] = /the journal goes back to (\S+)$/.exec(error) ?? [];
    expect(Date.parse(time)).toBeGreaterThanOrEqual(startedAt);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    '',
    'zz',
    'ab'.repeat(31),
    'ab'.repeat(33),
    `${'ab:'.repeat(31)}a:b`,
    `g${'a'.repeat(63)}`,
    'a'.repeat(3000),
  ])('refuses %j, which is not a hash', async (hash) => {
    expect(await api.errorOf(`/api/cert/${hash}`)).toBe(
      hash === '' ? '404 NOT_FOUND' : '400 API_HASH_INVALID',
    );
  });

  it('finds an entry that was streamed after the index was built', async () => {
    const [log] = api.system.simulator.logs;
    const before = api.reader.frames.length;
    log.append(1);
    log.publish();
    await api.reader.until(({ frames }) => frames.length > before);
    const { data } = JSON.parse(api.reader.frames.at(-1)!) as CertificateUpdate;
    await api.system.eventually(
      async () => (await api.get(`/api/cert/${data.leaf_cert.sha256}`)).json().cert_index === data.cert_index,
      'the new entry',
    );
  });
});
