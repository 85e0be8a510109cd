import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readPositions } from '../../test/support/positions.js';
import { CertstreamConfigModule } from '../config/config.module.js';
import { configSchema } from '../config/config-schema.js';
import { CtLogSimulator } from '../simulator/ct-log-simulator.js';
import { CertificateFeed } from '../feed/certificate-feed.js';
import { IngestModule } from './ingest.module.js';
import { LogListService } from './log-list/log-list.service.js';
import { TailingService } from './following/tailing.service.js';

let simulator: CtLogSimulator;
let folder: string;
let app: TestingModule | undefined;

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => Logger.overrideLogger(undefined as never));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ct-log-'));
  simulator = await CtLogSimulator.start({
    certificates: 10,
    logs: [{ name: 'pages' }, { name: 'tiles', protocol: 'static-ct', keyType: 'rsa' }],
  });
  await writeFile(join(folder, 'key.pem'), simulator.publicKeyPem);
});
afterEach(async () => {
  await app?.close();
  await simulator.close();
  await rm(folder, { recursive: true });
});

function boot(): Promise<TestingModule> {
  const config = configSchema.parse({
    general: { recovery: { enabled: true, ct_index_file: join(folder, 'index.json') } },
    log_list: {
      url: simulator.logListUrl,
      public_key_path: join(folder, 'key.pem'),
      cache_file: join(folder, 'log_list.json'),
    },
    ct_log: { poll_interval_seconds: 0.1 },
  });
  const imports = [CertstreamConfigModule.forRoot(config), IngestModule];
  return Test.createTestingModule({ imports }).compile();
}

describe('IngestModule', () => {
  it('follows the listed logs and saves their positions on shutdown', async () => {
    app = await boot();
    await app.init();
    const tailing = app.get(TailingService);
    tailing.start();
    await vi.waitFor(
      () => expect(tailing.followed().map(({ status }) => status.state)).toEqual(['following', 'following']),
      { interval: 20 },
    );
    for (const log of simulator.logs) {
      log.append(10);
      log.publish();
    }
    const { stats } = app.get(CertificateFeed);
    await vi.waitFor(() => expect(stats.entries).toBe(20), { interval: 20 });
    expect(app.get(LogListService).status.source).toBe('network');
    await app.close();
    expect([...readPositions(join(folder, 'index.json')).values()]).toEqual([10, 10]);
  });

  it('does not start with a damaged index file', async () => {
    await writeFile(join(folder, 'index.json'), '{');
    app = await boot();
    await expect(app.init()).rejects.toMatchObject({ code: 'CT_INDEX_FILE_DAMAGED' });
  });
});
