import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  findNatsServer,
  NATS_SERVER_MISSING,
  NatsServer,
  type NatsServerOptions,
} from '../support/brokers/nats-server.js';
import { areShared, eventually, failureOf, join, silence } from '../support/cluster-members.js';

const UNITS = ['Google', "Let's Encrypt", 'Cloudflare', 'DigiCert', 'Sectigo', 'TrustAsia', 'Geomys', 'IPng'];
const command = findNatsServer();
if (command === undefined) console.warn(NATS_SERVER_MISSING);

async function start(options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await NatsServer.start(command!, options);
  onTestFinished(() => server.stop());
  return server;
}

describe.skipIf(command === undefined)('members of a cluster on a nats-server', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start(command!);
    return () => server.stop();
  });
  let clusters = 0;
  const own = (): Record<string, string> => ({ prefix: `t${clusters++}` });

  it('share units, take over from a silent member, and hand over to one that joins', async () => {
    const keys = own();
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => join([server.address], name, { units: UNITS, keys })),
    );
    await eventually(() => areShared(UNITS, [a, b]));
    expect(a.cluster.members().map(({ name }) => name)).toEqual(['a', 'b']);
    expect(a.lines).toContain('cluster: this is the member a');
    await silence(b);
    await eventually(() => areShared(UNITS, [a]));
    await eventually(() => expect(a.lines).toContain('cluster: the member b is silent'));
    await eventually(() => expect(b.working).toEqual(new Set()));
    const c = await join([server.address], 'c', { units: UNITS, keys });
    await eventually(() => expect(c.working.size).toBeGreaterThan(0));
    await eventually(() => areShared(UNITS, [a, c]));
    await c.cluster.close();
    await eventually(() => areShared(UNITS, [a]));
    await eventually(() => expect(a.lines).toContain('cluster: the member c left'));
  });

  it('refuse a record of a member that has missed a write, and take its own repeated writes', async () => {
    const keys = own();
    const [a, b] = await Promise.all(['a', 'b'].map((name) => join([server.address], name, { keys })));
    const [first, second] = [a, b].map(({ cluster }) => cluster.records('states'));
    const key = 'https://ct.example/2026h1/?x=*.>';
    expect(await first.get(key)).toEqual({ value: undefined, revision: 0 });
    const made = await first.put(key, Buffer.from('one'), 0);
    expect(await first.put(key, Buffer.from('one'), 0)).toBe(made);
    const again = await first.put(key, Buffer.from('two'), 0);
    expect(again).toBeGreaterThan(made);
    expect(await first.put(key, Buffer.from('three'), 0)).toBeGreaterThan(again);
    const { revision, value } = await second.get(key);
    expect(Buffer.from(value!).toString()).toBe('three');
    const taken = await second.put(key, Buffer.from('four'), revision);
    for (const stale of [0, made, again, revision])
      expect(await failureOf(first.put(key, Buffer.from('five'), stale))).toMatch(/^CLUSTER_FENCED: /);
    expect(Buffer.from((await first.get(key)).value!).toString()).toBe('four');
    expect(await first.put(key, Buffer.from('five'), taken)).toBeGreaterThan(taken);
    expect(await second.keys()).toEqual([key]);
  });

  it('make a bucket again that is deleted while it is used', async () => {
    const keys = own();
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => join([server.address], name, { units: UNITS, keys })),
    );
    await eventually(() => areShared(UNITS, [a, b]));
    const states = a.cluster.records('states');
    const revision = await states.put('oak', Buffer.from('state'), 0);
    for (const name of ['leases', 'members', 'states'])
      await server.deleteStream(`KV_${keys['prefix']}-${name}`);
    expect(await failureOf(states.put('oak', Buffer.from('state'), revision))).toMatch(
      /^CLUSTER_RECORD_LOST: /,
    );
    expect(await states.put('oak', Buffer.from('state'), 0)).toBeGreaterThan(0);
    await eventually(() => {
      // Once for each member that notices it.
      const lines = [...new Set([...a.lines, ...b.lines])].filter((line) => line.includes('was deleted'));
      expect(lines.sort()).toEqual(
        ['leases', 'members', 'states'].map(
          (name) => `cluster: the bucket ${keys['prefix']}-${name} was deleted; it is made again, empty`,
        ),
      );
    });
    await eventually(() => areShared(UNITS, [a, b]));
  });

  it('exchange reports while they live', async () => {
    const keys = own();
    const [a, b] = await Promise.all(['a', 'b'].map((name) => join([server.address], name, { keys })));
    let count = 0;
    a.cluster.publish('lag', () => ({ count: ++count }));
    a.cluster.publish('large', () => 'x'.repeat(2 * 1024 * 1024));
    a.cluster.publish('broken', () => {
      throw new Error('no value');
    });
    await eventually(() => {
      expect([...b.cluster.reports('lag')]).toEqual([[a.cluster.self.id, { count: expect.any(Number) }]]);
    });
    expect(a.cluster.reports('lag').size).toBe(0);
    for (const name of ['large', 'broken'])
      await eventually(() =>
        expect(a.lines).toContain(`cluster: the report ${name} cannot be sent to the other members`),
      );
    await a.cluster.close();
    await eventually(() => expect(b.cluster.reports('lag').size).toBe(0));
  });

  it('bear octets of other programs in their records and subjects', async () => {
    const keys = own();
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => join([server.address], name, { units: UNITS, keys })),
    );
    await eventually(() => areShared(UNITS, [a, b]));
    const { nats } = a.cluster.connection;
    const octets = Buffer.from([0xff, 0x00, 0x7b]);
    for (const text of [octets, Buffer.from('{"owner":5}'), Buffer.alloc(0)]) {
      nats.publish(`${keys['prefix']}.cluster.beat.${b.cluster.self.id}`, text);
      nats.publish(`${keys['prefix']}.cluster.report.lag.${b.cluster.self.id}`, text);
      nats.publish(`$KV.${keys['prefix']}-members.${b.cluster.self.id}`, text);
      nats.publish(`$KV.${keys['prefix']}-leases.logs=2eGoogle`, text);
      nats.publish(`$KV.${keys['prefix']}-leases.logs=2eIPng`, text);
    }
    await eventually(() => expect([...a.working, ...b.working]).not.toContain('Google'));
    await eventually(() => areShared(UNITS, [a, b]));
    expect(a.cluster.reports('lag').size).toBe(0);
  });
});

describe.skipIf(command === undefined)('a cluster whose nats-server', () => {
  it('restarts goes on by itself', async () => {
    const server = await start();
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => join([server.address], name, { units: UNITS })),
    );
    await eventually(() => areShared(UNITS, [a, b]));
    const revision = await a.cluster.records('states').put('oak', Buffer.from('1'), 0);
    await server.kill();
    await eventually(() => expect([...a.working, ...b.working]).toEqual([]));
    await eventually(() => expect(a.cluster.isConnected).toBe(false));
    expect(await failureOf(a.cluster.records('states').put('oak', Buffer.from('2'), revision))).toMatch(
      /^CLUSTER_UNAVAILABLE: /,
    );
    await server.restart();
    await eventually(() => areShared(UNITS, [a, b]));
    expect(a.lines).toContain('cluster: the connection to the nats servers is lost');
    expect(await a.cluster.records('states').put('oak', Buffer.from('2'), revision)).toBeGreaterThan(
      revision,
    );
  });

  it('is missing, too old, or without JetStream, ends the start with one line', async () => {
    const server = await start();
    await expect(join([server.address], 'a', { keys: { replicas: 3 } })).rejects.toMatchObject({
      code: 'CLUSTER_SERVER_TOO_OLD',
      exitCode: 2,
      message: expect.stringMatching(
        /has version 2\.\d+\.\d+, and replicas above 1 need 2\.12 or newer.*set replicas: 1$/,
      ),
    });
    expect(await failureOf(join(['127.0.0.1:1'], 'a'))).toMatch(
      /^CLUSTER_UNREACHABLE: cluster: nats server 127/,
    );
    const plain = await start({ jetstream: false });
    expect(await failureOf(join([plain.address], 'a'))).toMatch(/^CLUSTER_JETSTREAM_OFF: /);
  });
});
