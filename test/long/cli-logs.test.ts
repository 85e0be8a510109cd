import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import { ODD_CERTIFICATES, ODD_LEAVES } from '../support/odd-entries.js';
import { readPositions, readStates } from '../support/positions.js';
import { startCli } from '../../src/testing/cli-process.js';

describe('create-index and pick', () => {
  let folder: string;
  let simulator: CtLogSimulator;
  let env: Record<string, string>;

  const run = (args: readonly string[], more?: Record<string, string>) =>
    startCli(args, { cwd: folder, ...(more ? { env: more } : {}) }).ended;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'certstream-cli-'));
    simulator = await CtLogSimulator.start({
      logs: [{ name: 'one' }, { name: 'two', protocol: 'static-ct' }],
      certificates: 20,
    });
    for (const log of simulator.logs) {
      log.append(20);
      log.appendRaw(ODD_CERTIFICATES[0]);
      log.publish();
    }
    simulator.logs[0].appendRaw(ODD_LEAVES[0]);
    simulator.logs[0].publish();
    writeFileSync(join(folder, 'list-key.pem'), simulator.publicKeyPem);
    env = {
      CERTSTREAM_LOG_LIST_URL: simulator.logListUrl,
      CERTSTREAM_LOG_LIST_SIGNATURE_URL: simulator.logListSignatureUrl,
      CERTSTREAM_LOG_LIST_PUBLIC_KEY_PATH: join(folder, 'list-key.pem'),
      CERTSTREAM_LOG_LIST_CACHE_FILE: join(folder, 'list-cache.json'),
    };
  });
  afterAll(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true });
  });

  it('writes the size of every log as next index, and overwrites only with --force', async () => {
    const path = join(folder, 'index.json');
    const { code, out, err } = await run(['create-index', '--out', path], env);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Wrote the positions of 2 of 2 logs to ${path}`);
    const positions = readPositions(path);
    const expected = simulator.logs.map(
      (log) => [log.url.replace(/^http:\/\/|\/$/g, ''), log.head.treeSize] as const,
    );
    expect(positions).toEqual(new Map(expected));

    const onFolder = await run(['create-index', '-f', '-o', dirname(path)], env);
    expect(onFolder).toMatchObject({ code: 2, err: `${dirname(path)} is a folder; name the file in it\n` });

    const again = await run(['create-index', '-o', path], env);
    expect(again).toMatchObject({
      code: 2,
      out: '',
      err: `${path} already exists; use --force to overwrite it\n`,
    });
    expect((await run(['create-index', '-f', '-o', path], env)).code).toBe(0);
  });

  it('writes both files that serve reads, and overwrites them only with --force', async () => {
    const [index, state] = [join(folder, 'ct_index.json'), join(folder, 'ct_state.json')];
    const variables = { ...env, CERTSTREAM_GENERAL_RECOVERY_CT_INDEX_FILE: index };
    const { code, out } = await run(['create-index'], variables);
    expect({ code, out }).toEqual({
      code: 0,
      out: `Wrote the positions of 2 of 2 logs to ${index} and ${state}\n`,
    });
    for (const log of simulator.logs) {
      const key = log.url.replace(/^http:\/\/|\/$/g, '');
      const { treeSize, rootHash } = log.head;
      expect(readStates(state).get(key)).toMatchObject({ next: treeSize, head: { treeSize, rootHash } });
      expect(readPositions(index).get(key)).toBe(treeSize);
    }
    rmSync(index);
    expect(await run(['create-index'], variables)).toMatchObject({
      code: 2,
      err: `${state} already exists; use --force to overwrite it\n`,
    });
  });

  it('omits a log that fails, and fails when all logs fail', async () => {
    const dead = '[{"url": "http://127.0.0.1:1/dead", "description": "Dead log"}]';
    const path = join(folder, 'index-partly.json');
    const partly = await run(['create-index', '-o', path], {
      ...env,
      CERTSTREAM_GENERAL_ADDITIONAL_LOGS: dead,
    });
    expect(partly.code).toBe(0);
    expect(partly.err).toMatch(/^Left out Dead log: .*ECONNREFUSED.*\n$/);
    expect(readPositions(path).size).toBe(2);

    const none = join(folder, 'index-none.json');
    const { code, err } = await run(['create-index', '-o', none], {
      CERTSTREAM_GENERAL_DISABLE_DEFAULT_LOGS: 'true',
      CERTSTREAM_GENERAL_ADDITIONAL_LOGS: dead,
    });
    expect(code).toBe(1);
    expect(err).toContain('none of 1 logs returned its tree size');
    expect(existsSync(none)).toBe(false);
  });

  it.each([0, 1])('prints one entry, log %d', async (number) => {
    const url = simulator.logs[number].url.replace(/\/$/, '');
    const { code, out, err } = await run(['pick', '--log', `${url}/`, '--cert', '3', '--chain', '--asder']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const message = JSON.parse(out) as CertificateUpdate;
    expect(message.data).toMatchObject({
      cert_index: 3,
      source: { url, type: number === 0 ? 'rfc6962' : 'tiled' },
    });
    expect(message.data.leaf_cert.as_der).toMatch(/^MI/);
    expect(message.data.chain!.length).toBeGreaterThan(0);

    const bare = JSON.parse((await run(['pick', '--log', url, '--cert', '3'])).out) as CertificateUpdate;
    expect(bare.data.chain).toBeUndefined();
    expect(bare.data.leaf_cert.as_der).toBeUndefined();
    expect(bare.data.leaf_cert.sha256).toBe(message.data.leaf_cert.sha256);
  });

  it.each([0, 1])('prints the submitted certificate and its chain as PEM, log %d', async (number) => {
    const log = simulator.logs[number];
    const { submittedDer, chain } = log.entry(4);
    const pick = ['pick', '--log', log.url, '--cert', '4', '--pem'];
    expect(ders((await run(pick)).out)).toEqual([submittedDer]);
    const { code, out, err } = await run([...pick, '--chain']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(ders(out)).toEqual([submittedDer, ...chain]);
    expect(chain.length).toBeGreaterThan(0);
    expect(out.split('\n').every((line) => line.length <= 64)).toBe(true);
  });

  it.each([0, 1])('prints a certificate as text, log %d', async (number) => {
    const log = simulator.logs[number];
    const { submittedDer, chain } = log.entry(5);
    const pick = ['pick', '--log', log.url, '--cert', '5', '--text'];
    const { code, out, err } = await run(pick);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.match(/^Certificate:$/gm)).toHaveLength(1);
    for (const heading of [
      'Serial Number',
      'Issuer',
      'Validity',
      'Not Before',
      'Not After',
      'Subject',
      'Algorithm',
    ])
      expect(out).toMatch(new RegExp(`^ +${heading}:`, 'm'));
    expect(out).toContain('Subject Public Key Info:');
    expect(out).toContain('Subject Alternative Name:');
    const serial = new X509Certificate(submittedDer).serialNumber.toLowerCase();
    expect(out.replaceAll(/\s/g, '')).toMatch(new RegExp(`SerialNumber:(00)?${serial}SignatureAlgorithm:`));
    const withChain = await run([...pick, '--chain']);
    expect(withChain.out.match(/^Certificate:$/gm)).toHaveLength(1 + chain.length);
    expect(withChain.out.startsWith(out.trimEnd())).toBe(true);
  });

  it.each([0, 1])('prints an unreadable certificate as PEM and JSON, log %d', async (number) => {
    const pick = ['pick', '--log', simulator.logs[number].url, '--cert', '20'];
    expect(ders((await run([...pick, '--pem'])).out)).toEqual([ODD_CERTIFICATES[0].der]);
    const message = JSON.parse((await run([...pick, '--asder'])).out) as CertificateUpdate;
    expect(message.data).toMatchObject({
      parse_error: ODD_CERTIFICATES[0].parseError,
      leaf_cert: { as_der: ODD_CERTIFICATES[0].der.toString('base64') },
    });
    const { code, out, err } = await run([...pick, '--text']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(
      /^the certificate is too malformed for --text \(.+\); use --pem or JSON, which work with any certificate\n$/,
    );
  });

  it('says that an entry holds no certificate', async () => {
    for (const form of ['--pem', '--text']) {
      const { code, err } = await run(['pick', '--log', simulator.logs[0].url, '--cert', '21', form]);
      expect({ code, err }).toEqual({ code: 1, err: 'entry 21 holds no certificate\n' });
    }
  });

  it('prints only one form', async () => {
    for (const forms of [
      ['--pem', '--text'],
      ['--pem', '--asder'],
      ['--text', '--asder'],
    ]) {
      const { code, err } = await run(['pick', '--log', 'ct.example', '--cert', '1', ...forms]);
      expect(code).toBe(2);
      expect(err).toMatch(/^error: option '--\w+' cannot be used with option '--\w+'\n$/);
    }
  });

  it('reports the range of a log that does not contain the index', async () => {
    const log = simulator.logs[0];
    const url = log.url.replace(/\/$/, '');
    const { code, err } = await run(['pick', '--log', log.url, '--cert', '999999']);
    expect(code).toBe(2);
    expect(err).toBe(`${url} has no entry 999999; use --cert 0 to ${log.head.treeSize - 1}\n`);
  });

  it('fails with exit code 1 when there is no log at the URL', async () => {
    const { code, out, err } = await run(['pick', '--log', `${simulator.url}/nothing`, '--cert', '0']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(err).toMatch(/get-sth.*404.*checkpoint.*404/);
  });
});

/** Returns the certificates of a PEM text, which must contain nothing else. */
function ders(pem: string): Buffer[] {
  const blocks = pem.matchAll(
    /-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)\n-----END CERTIFICATE-----\n/g,
  );
  const found = [...blocks];
  expect(found.map(([block]) => block).join('')).toBe(pem);
  return found.map(([, base64]) => Buffer.from(base64, 'base64'));
}
