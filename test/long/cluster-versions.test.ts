import { headers as newHeaders } from '@nats-io/transport-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageJson } from '../../src/kernel/package-json.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { areShared, eventually, join } from '../support/cluster-members.js';
import { connectTo } from '../support/jetstream-journals.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';

const UNITS = ['Google', 'Cloudflare', 'DigiCert', 'Sectigo', 'Geomys', 'IPng'];
const [major, minor] = packageJson().version.split('.').map(Number);

describe.skipIf(!HAS_NATS)('a cluster during an upgrade', () => {
  it('shares the work among members of neighbouring versions, and hands it over from one to the other', async () => {
    const { address } = await start();
    const old = await join([address], 'old', { units: UNITS, version: '1.4.2' });
    await eventually(() => areShared(UNITS, [old]));
    const next = await join([address], 'next', { units: UNITS, version: '1.5.0' });
    await eventually(() => expect(next.working.size).toBeGreaterThan(0));
    await eventually(() => areShared(UNITS, [old, next]));
    await old.cluster.close();
    await eventually(() => areShared(UNITS, [next]));
    expect([...old.lines, ...next.lines].filter((line) => line.includes('version'))).toEqual([]);
  });

  it('names a member that is too far apart in one line, and reports records of a later format as a gap', async () => {
    const nats = await start();
    const system = await TestSystem.prepare({
      logs: [{ name: 'a', initialEntries: 20 }],
      config: { cluster: { servers: [nats.address], name: 'own', max_gb: 0.25 } },
    });
    onTestFinished(() => system.close());
    await system.startServer();
    await system.following();
    const lines = (text: string): string[] => system.output.filter((line) => line.includes(text));

    await join([nats.address], 'next', { version: `${major}.${minor + 1}.0` });
    await join([nats.address], 'distant', { version: `${major}.${minor + 2}.0` });
    await join([nats.address], 'other', { version: `${major + 1}.0.0` });
    await system.eventually(
      () => ['next', 'distant', 'other'].every((name) => lines(`the member ${name} joined`).length > 0),
      'three members to join',
    );
    // A member that is silent for three seconds joins again.
    for (const name of ['distant', 'other'])
      expect(lines(`the member ${name} has version`)).toHaveLength(lines(`the member ${name} joined`).length);
    expect(lines('the member next has version')).toEqual([]);

    // A record of a version that changed the format.
    const client = await system.connect('/?events=1');
    const { jetstream } = await connectTo(nats);
    const headers = newHeaders();
    for (const [name, value] of [
      ['Ct-Format', '2'],
      ['Ct-Next', '7'],
    ])
      headers.set(name, value);
    for (let records = 0; records < 3; records++)
      await jetstream.publish('ct.raw.ffffffffffffffff', 'octets that this version does not know', {
        headers,
      });
    const [log] = system.simulator.logs;
    log.append(5);
    log.publish();
    await client.until((reader) => reader.frames.some((frame) => frame.includes('"cert_index":24')));
    expect(client.frames.some((frame) => frame.startsWith('{"message_type":"gap"'))).toBe(true);
    expect(lines('it has version 2, and this program reads versions up to 1')).toHaveLength(1);
    expect(client.frames.filter((frame) => frame.includes('"cert_index":2'))).toHaveLength(5);
  });
});
