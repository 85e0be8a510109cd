import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credsAuthenticator, nkeys, type TlsOptions } from '@nats-io/transport-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createServerCertificate } from '../src/simulator/server-certificate.js';
import { NatsOperator } from './support/brokers/nats-operator.js';
import { failureOf, HAS_NATS, indices, start } from './support/nats-engine-system.js';
import { range } from './support/range.js';

describe.skipIf(!HAS_NATS)('the access of an output to a nats-server', () => {
  it('authenticates with a password from a file, and says which rights are missing', async () => {
    const broker = await start({
      config: `authorization { users: [
        { user: all, password: hunter2 }
        { user: api, password: hunter2, permissions: { publish: ["$JS.API.>"], subscribe: ["_INBOX.>"] } }
        { user: publisher, password: hunter2, permissions: { publish: ["certstream.>"], subscribe: ["soc.>"] } }
      ] }`,
      client: { user: 'all', pass: 'hunter2' },
    });
    const folder = mkdtempSync(join(tmpdir(), 'nats-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'password');
    writeFileSync(file, 'hunter2\n');
    expect(await failureOf(broker)).toMatch(/^OUTPUT_REFUSED: nats server .* Authorization Violation/);
    const wrong = await failureOf(broker, { username: 'all', password: 'hunter3' });
    expect(wrong).toMatch(/^OUTPUT_REFUSED: nats server .* Authorization Violation; check the user/);
    expect(wrong).not.toContain('hunter');
    const user = (username: string) => ({ username, password_file: file });
    expect(await failureOf(broker, user('all'))).toBe('no failure');
    expect(await failureOf(broker, user('api'))).toMatch(
      /^OUTPUT_REFUSED: .*Permissions Violation for Publish to "certstream\.lite\./,
    );
    expect(await failureOf(broker, user('publisher'))).toMatch(
      /^OUTPUT_REFUSED: .*Permissions Violation for Subscription to "_INBOX\./,
    );
    expect(await failureOf(broker, { ...user('publisher'), inbox_prefix: 'soc' })).toBe('no failure');
    expect(await indices(broker)).toEqual(range(0, 10));
  });

  it('authenticates with a token', async () => {
    const broker = await start({ config: 'authorization { token: hunter2 }', client: { token: 'hunter2' } });
    expect(await failureOf(broker, { token: 'hunter3' })).toMatch(/^OUTPUT_REFUSED/);
    expect(await failureOf(broker, { token: 'hunter2' })).toBe('no failure');
  });

  it('authenticates with the seed of an NKey', async () => {
    const user = nkeys.createUser();
    const broker = await start({ config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }` });
    const seed = Buffer.from(user.getSeed()).toString();
    expect(await failureOf(broker, { nkey_seed: seed })).toBe('no failure');
    const other = Buffer.from(nkeys.createUser().getSeed()).toString();
    const wrong = await failureOf(broker, { nkey_seed: other });
    expect(wrong).toMatch(/^OUTPUT_REFUSED/);
    expect(wrong).not.toContain(other);
    expect(await failureOf(broker, { nkey_seed: 'SUnonsense' })).toMatch(/^OUTPUT_[A-Z]+: /);
  });

  it('authenticates with a file of credentials, which is read again for each connection', async () => {
    const operator = new NatsOperator();
    const folder = mkdtempSync(join(tmpdir(), 'nats-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'certstream.creds');
    const broker = await start({
      config: operator.config,
      client: { authenticator: credsAuthenticator(Buffer.from(operator.credentials())) },
    });
    expect(await failureOf(broker)).toMatch(/^OUTPUT_REFUSED/);
    const expired = operator.credentials(Math.floor(Date.now() / 1000) - 60);
    writeFileSync(file, expired);
    const refusal = await failureOf(broker, { credentials_file: file });
    expect(refusal).toMatch(/^OUTPUT_REFUSED: nats server .* refuses the connection: /);
    for (const secret of expired.split('\n').filter((line) => !line.startsWith('-') && line !== ''))
      expect(refusal).not.toContain(secret);
    writeFileSync(file, 'no credentials\n');
    expect(await failureOf(broker, { credentials_file: file })).toMatch(
      /^OUTPUT_SECRET_MISSING: .*certstream\.creds of credentials_file does not contain the JWT/,
    );
    writeFileSync(file, new NatsOperator().credentials());
    expect(await failureOf(broker, { credentials_file: file })).toMatch(/^OUTPUT_REFUSED/);
    writeFileSync(file, operator.credentials());
    expect(await failureOf(broker, { credentials_file: file })).toBe('no failure');
    expect(await indices(broker)).toEqual(range(0, 10));
  });

  it('shows a client certificate to a server that asks for one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nats-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const server = createServerCertificate(['127.0.0.1']);
    const client = createServerCertificate(['certstream'], { ca: server.ca });
    const stranger = createServerCertificate(['certstream']);
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const ca = file('ca.pem', server.caPem);
    const broker = await start({
      config: `tls { cert_file: "${file('server.pem', server.certPem)}", key_file: "${file('server-key.pem', server.keyPem)}", ca_file: "${ca}", verify: true }`,
      client: {
        tls: { ca: server.caPem, cert: client.certPem, key: client.keyPem, host: '127.0.0.1' } as TlsOptions,
      },
    });
    const tls = { ca, cert: file('client.pem', client.certPem), key: file('client-key.pem', client.keyPem) };
    expect(await failureOf(broker, { tls: { ca } })).toMatch(/^OUTPUT_UNREACHABLE/);
    const unknown = { ca, cert: file('x.pem', stranger.certPem), key: file('x-key.pem', stranger.keyPem) };
    expect(await failureOf(broker, { tls: unknown })).toMatch(/^OUTPUT_UNREACHABLE/);
    expect(await failureOf(broker, { tls })).toBe('no failure');
    expect(await indices(broker)).toEqual(range(0, 10));
  });

  it('verifies the certificate of the server', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nats-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { certPem, keyPem, caPem } = createServerCertificate(['nats.example']);
    const written = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const [cert, key, ca] = [written('cert', certPem), written('key', keyPem), written('ca', caPem)];
    const broker = await start({
      config: `tls { cert_file: "${cert}", key_file: "${key}" }`,
      client: { tls: { ca: caPem, servername: 'nats.example' } as TlsOptions },
    });
    const tls = { ca, server_name: 'nats.example' };
    expect(await failureOf(broker, { tls })).toBe('no failure');
    expect(await indices(broker)).toEqual(range(0, 10));
    expect(await failureOf(broker, { tls: { ca } })).toMatch(/^OUTPUT_UNREACHABLE: .*TLS/);
    expect(await failureOf(broker, { tls: { server_name: 'nats.example' } })).toMatch(
      /^OUTPUT_UNREACHABLE: .*TLS/,
    );
    expect(await failureOf(broker)).toMatch(/^OUTPUT_UNREACHABLE: .*TLS/);
  });
});
