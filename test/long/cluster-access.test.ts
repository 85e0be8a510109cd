import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { beforeEach, describe, expect, it } from 'vitest';
import { createServerCertificate } from '../../src/simulator/server-certificate.js';
import { NatsOperator } from '../support/brokers/nats-operator.js';
import type { NatsServer } from '../support/brokers/nats-server.js';
import { eventually, failureOf, join } from '../support/cluster-members.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';

const UNITS = ['Google', 'Sectigo', 'DigiCert', 'Cloudflare'];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(joinPath(tmpdir(), 'cluster-access-'));
  return () => rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = joinPath(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Two members with these keys share the units, and again after a restart of their server. */
async function work(server: NatsServer, keys: Readonly<Record<string, unknown>>): Promise<void> {
  const [a, b] = [
    await join([server.address], 'a', { units: UNITS, keys }),
    await join([server.address], 'b', { units: UNITS, keys }),
  ];
  const shared = (): void => expect([...a.working, ...b.working].sort()).toEqual([...UNITS].sort());
  await eventually(shared);
  await server.kill();
  await eventually(() => expect([...a.working, ...b.working]).toEqual([]));
  await server.restart();
  await eventually(shared);
  expect(a.cluster.isConnected && b.cluster.isConnected).toBe(true);
  await Promise.all([a.cluster.close(), b.cluster.close()]);
}

describe.skipIf(!HAS_NATS)('the access of a cluster to nats-servers', () => {
  it('over TLS with the certificate of an own CA and a password, also after a restart', async () => {
    const { certPem, keyPem, caPem } = createServerCertificate(['127.0.0.1']);
    const server = await start({
      config: `tls { cert_file: "${file('cert.pem', certPem)}", key_file: "${file('key.pem', keyPem)}" }
        authorization { users: [{ user: certstream, password: hunter2 }] }`,
    });
    const tls = { ca: file('ca.pem', caPem) };
    const login = { username: 'certstream', password_file: file('password', 'hunter2\n') };
    await work(server, { tls, ...login });
    const refusal = await failureOf(
      join([server.address], 'c', { keys: { tls, ...login, password_file: '', password: 'hunter3' } }),
    );
    expect(refusal).toMatch(/^CLUSTER_REFUSED: .*Authorization Violation; check the user/);
    expect(refusal).not.toContain('hunter');
    const other = { ca: file('other.pem', createServerCertificate(['127.0.0.1']).caPem) };
    expect(await failureOf(join([server.address], 'c', { keys: { tls: other, ...login } }))).toMatch(
      /^CLUSTER_UNREACHABLE: .*TLS/,
    );
    expect(await failureOf(join([server.address], 'c', { keys: login }))).toMatch(
      /^CLUSTER_UNREACHABLE: .*TLS/,
    );
  });

  it('over TLS with a client certificate and the name of the server', async () => {
    const server = createServerCertificate(['nats.example']);
    const client = createServerCertificate(['certstream'], { ca: server.ca });
    const ca = file('ca.pem', server.caPem);
    const nats = await start({
      config: `tls { cert_file: "${file('cert.pem', server.certPem)}", key_file: "${file('key.pem', server.keyPem)}", ca_file: "${ca}", verify: true }`,
    });
    const own = { cert: file('client.pem', client.certPem), key: file('client-key.pem', client.keyPem) };
    await work(nats, { tls: { ca, server_name: 'nats.example', ...own } });
    expect(
      await failureOf(join([nats.address], 'c', { keys: { tls: { ca, server_name: 'nats.example' } } })),
    ).toMatch(/^CLUSTER_UNREACHABLE: /);
  });

  it('with a file of credentials, which is read again for each connection', async () => {
    const operator = new NatsOperator();
    const server = await start({ config: operator.config });
    const credentials_file = file('certstream.creds', operator.credentials());
    const member = await join([server.address], 'c', { units: UNITS, keys: { credentials_file } });
    await eventually(() => expect([...member.working].sort()).toEqual([...UNITS].sort()));
    await server.kill();
    await eventually(() => expect([...member.working]).toEqual([]));
    writeFileSync(credentials_file, operator.credentials());
    await server.restart();
    await eventually(() => expect([...member.working].sort()).toEqual([...UNITS].sort()));
    writeFileSync(credentials_file, operator.credentials(Math.floor(Date.now() / 1000) - 60));
    expect(await failureOf(join([server.address], 'd', { keys: { credentials_file } }))).toMatch(
      /^CLUSTER_REFUSED: /,
    );
  });

  it('with the seed of an NKey', async () => {
    const user = nkeys.createUser();
    const server = await start({ config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }` });
    const seed = Buffer.from(user.getSeed()).toString();
    const keys = { nkey_seed_file: file('seed', `${seed}\n`) };
    const member = await join([server.address], 'a', { units: UNITS, keys });
    await eventually(() => expect([...member.working].sort()).toEqual([...UNITS].sort()));
    const other = Buffer.from(nkeys.createUser().getSeed()).toString();
    const refusal = await failureOf(join([server.address], 'c', { keys: { nkey_seed: other } }));
    expect(refusal).toMatch(/^CLUSTER_REFUSED: /);
    expect(refusal).not.toContain(other);
  });
});
