import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { outputsSection } from '../src/config/sections/outputs/outputs.js';
import { createOutput } from '../src/outputs/engine/create-output.js';
import { createServerCertificate } from '../src/simulator/server-certificate.js';
import { NsqdFake } from './support/brokers/nsqd-fake.js';
import type { StandIn } from './support/brokers/stand-in.js';
import { WebhookReceiver } from './support/brokers/webhook-receiver.js';
import { numberedMessages } from './support/output-messages.js';

const { certPem, keyPem, caPem } = createServerCertificate(['127.0.0.1']);
const TLS = { key: keyPem, cert: certPem };
const { signal } = new AbortController();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-tls-'));
  writeFileSync(join(folder, 'ca.pem'), caPem);
  writeFileSync(join(folder, 'other-ca.pem'), createServerCertificate(['127.0.0.1']).caPem);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each<[string, () => Promise<StandIn>]>([
  ['a webhook', () => WebhookReceiver.start(TLS)],
  ['nsqd over its TCP protocol', () => NsqdFake.start({ api: 'tcp', tls: TLS })],
  ['nsqd over its HTTP API', () => NsqdFake.start({ api: 'http', tls: TLS })],
])('TLS to %s', (_name, startBroker) => {
  it('works with a certificate authority of your own, and with no other', async () => {
    const broker = await startBroker();
    onTestFinished(() => broker.stop());
    const send = async (tls: object): Promise<void> => {
      const [settings] = outputsSection.parse([
        { name: 'soc', ...broker.settings, timeout_seconds: 300, tls },
      ]);
      const log = { warn: () => undefined, log: () => undefined };
      const output = await createOutput(settings, { journalPath: folder, uniqueMegabytes: 1, log });
      try {
        await output.send(numberedMessages(0, 5), signal);
      } finally {
        await output.close();
      }
    };
    for (const tls of [{}, { ca: join(folder, 'other-ca.pem') }])
      await expect(send(tls)).rejects.toMatchObject({
        code: 'OUTPUT_UNREACHABLE',
        message: expect.stringMatching(/certificate/) as string,
      });
    await expect(send({ ca: join(folder, 'ca.pem'), server_name: 'other.example' })).rejects.toMatchObject({
      code: 'OUTPUT_UNREACHABLE',
    });
    expect(await broker.stored()).toEqual([]);
    await send({ ca: join(folder, 'ca.pem') });
    expect(await broker.stored()).toHaveLength(5);
  });
});
