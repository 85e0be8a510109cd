import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createServerCertificate } from '../../simulator/server-certificate.js';
import { secretMissing, tlsFileUnusable } from '../output-error.js';
import { loadPackage } from './optional-package.js';
import { readSecret } from '../../config/secret-files.js';
import { readTlsOptions } from '../../config/tls-files.js';

const folder = mkdtempSync(join(tmpdir(), 'output-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const NONE = { password: '', password_file: '', password_env: '' };

describe('a secret', () => {
  it.each([
    ['nowhere', NONE, undefined],
    ['in the settings', { ...NONE, password: ' a ' }, ' a '],
    ['in a file', { ...NONE, password_file: file('secret', 'from file \n\n') }, 'from file'],
    ['in a variable', { ...NONE, password_env: 'PASS' }, 'from variable'],
  ])('may be %s', async (_where, settings, secret) => {
    expect(await readSecret(settings, 'password', secretMissing, { PASS: 'from variable\n' })).toBe(secret);
  });

  it.each([
    [
      'a file that does not exist',
      { ...NONE, password_file: join(folder, 'none') },
      /none of password_file cannot be read/,
    ],
    ['an empty file', { ...NONE, password_file: file('empty', '\n') }, /empty of password_file is empty/],
    [
      'a variable that is not set',
      { ...NONE, password_env: 'OTHER' },
      /variable OTHER of password_env is not set/,
    ],
    ['an empty variable', { ...NONE, password_env: 'EMPTY' }, /variable EMPTY of password_env is not set/],
  ])('cannot be in %s', async (_where, settings, message) => {
    await expect(readSecret(settings, 'password', secretMissing, { EMPTY: ' ' })).rejects.toMatchObject({
      code: 'OUTPUT_SECRET_MISSING',
      message: expect.stringMatching(message),
    });
  });
});

describe('the packages of an output', () => {
  it('are named with the command that installs them', async () => {
    const name: string = 'certstream-package-that-does-not-exist';
    const load = () => import(name);
    await expect(loadPackage('lake', ['@platformatic/kafka'], load)).rejects.toMatchObject({
      code: 'OUTPUT_PACKAGE_MISSING',
      message: expect.stringMatching(/^output lake .*npm install @platformatic\/kafka@\d+\.\d+\.\d+$/),
    });
  });

  it('say why they cannot be loaded', async () => {
    const load = () => Promise.reject(new TypeError('broken'));
    await expect(loadPackage('lake', ['@platformatic/kafka'], load)).rejects.toThrow(
      'that cannot be loaded (broken); run: npm install',
    );
  });
});

describe('the TLS files of an output', () => {
  const { certPem, keyPem } = createServerCertificate(['a.example']);
  const cert = file('cert.pem', certPem);
  const key = file('key.pem', keyPem);
  const EMPTY = { ca: '', cert: '', key: '', server_name: '' };

  it('are read, and absent ones are left out', async () => {
    expect(await readTlsOptions(undefined, tlsFileUnusable)).toBeUndefined();
    expect(await readTlsOptions(EMPTY, tlsFileUnusable)).toEqual({});
    expect(await readTlsOptions({ ca: cert, cert, key, server_name: 'a.example' }, tlsFileUnusable)).toEqual({
      ca: Buffer.from(certPem),
      cert: Buffer.from(certPem),
      key: Buffer.from(keyPem),
      servername: 'a.example',
    });
  });

  it.each([
    [
      'a file that does not exist',
      { ...EMPTY, ca: join(folder, 'none.pem') },
      /none\.pem of tls\.ca cannot be read/,
    ],
    ['a file that is no certificate', { ...EMPTY, cert: file('x.pem', 'x'), key }, /no PEM certificates/],
    [
      'the key of another certificate',
      { ...EMPTY, cert, key: file('other.pem', createServerCertificate(['b.example']).keyPem) },
      /not that of the certificate/,
    ],
  ])('cannot be %s', async (_what, settings, message) => {
    await expect(readTlsOptions(settings, tlsFileUnusable)).rejects.toMatchObject({
      code: 'OUTPUT_TLS_FILE',
      message: expect.stringMatching(message),
    });
  });
});
