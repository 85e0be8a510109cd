import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, onTestFinished } from 'vitest';
import { AttackedServer } from '../support/attacked-server.js';
import { FileFolder } from '../support/brokers/file-folder.js';
import { WebhookReceiver } from '../support/brokers/webhook-receiver.js';
import { NameServer, NO_NAME_SERVER } from '../support/name-server.js';
import { logIndices } from '../support/output-system.js';
import { range } from '../support/range.js';

const HANGING = range(0, 6).map((i) => `hangs-${i}.test`);

if (NO_NAME_SERVER !== undefined)
  console.log(`test/long/output-name-faults.test.ts: skipped, ${NO_NAME_SERVER}`);

describe.skipIf(NO_NAME_SERVER !== undefined)('DNS of outputs', () => {
  let names: NameServer;
  let receiver: WebhookReceiver;
  let server: AttackedServer | undefined;

  beforeEach(async () => {
    names = await NameServer.start();
    receiver = await WebhookReceiver.start();
    names.names.set('works.test', ['127.0.0.1']);
    for (const name of HANGING) names.names.set(name, 'silence');
  });
  afterEach(async () => {
    await server?.close();
    server = undefined;
    await receiver.stop();
    names.close();
  });

  it('names that hang → outputs at other names, a file output and the logs continue', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'certstream-names-'));
    const files = await FileFolder.create();
    onTestFinished(async () => {
      rmSync(folder, { recursive: true });
      await files.stop();
    });
    // Each request needs a new connection, and so a look-up.
    receiver.fault = () => ({ kind: 'closes-after' });
    const hanging = (outputs: readonly object[]) => outputs.map((one) => ({ timeout_seconds: 4, ...one }));
    server = await AttackedServer.start({
      logs: [{ name: 'named', listed: false, initialEntries: 10 }],
      wrapper: names.wrapper,
      config: (simulator) => ({
        general: {
          additional_logs: [
            {
              url: simulator.log('named').url.replace('127.0.0.1', 'works.test'),
              operator: 'Named',
              description: 'named',
              key: simulator.log('named').key.spki.toString('base64'),
            },
          ],
        },
        journal: { store: 'disk', path: join(folder, 'journal') },
        outputs: [
          ...hanging([
            { name: 'lake', type: 'kafka', brokers: HANGING },
            { name: 'soc', type: 'nats', servers: HANGING },
            { name: 'queue', type: 'nsq', address: HANGING[0] },
          ]),
          {
            name: 'hook',
            type: 'webhook',
            url: String(receiver.settings['url']).replace('127.0.0.1', 'works.test'),
            allow_private_addresses: true,
            batch_seconds: 0.1,
          },
          { name: 'archive', type: 'file', path: files.path },
        ],
      }),
    });
    const { healthy } = server;
    const named = server.log('named');
    const atWorks = { url: named.url.replace('127.0.0.1', 'works.test') };
    await server.until(() => HANGING.every((name) => names.questions.has(name)), 'a look-up of each name');
    await server.until(
      async () => (await server!.report(atWorks))['state'] === 'following',
      'the log at a name',
    );
    named.append(20);
    named.publish();
    await server.until(() => server!.of(atWorks).length === 20, 'the entries of the log at a name');
    const requests = receiver.requests.length;
    await server.until(() => receiver.requests.length >= requests + 10, 'ten requests of the webhook');
    const received = async (): Promise<number[]> => logIndices(await receiver.stored(), healthy);
    const inFiles = async (): Promise<number[]> => logIndices(await files.stored(), healthy);
    const { size } = healthy;
    await server.until(async () => (await received()).includes(size - 1), 'the newest entry at the webhook');
    await server.until(async () => (await inFiles()).includes(size - 1), 'the newest entry in the files');
    for (const failure of [
      /output lake: .*name hangs-0\.test is not/,
      /output soc: .*name hangs-0\.test is not/,
      /output queue: .*within 4 s/,
    ])
      await server.until(() => failure.test(server!.output), String(failure));
  });
});
