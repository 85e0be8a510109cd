import type { AddressInfo } from 'node:net';
import type { ModuleMetadata } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { onTestFinished } from 'vitest';
import { EntryBatchBuilder } from '../../src/certificate/entry-batch-builder.js';
import { EntryColumn, type EntryBatch, type LogSource } from '../../src/certificate/entry-batch.js';
import { CertstreamConfigModule } from '../../src/config/config.module.js';
import { configSchema } from '../../src/config/config-schema.js';
import { configureCertstream } from '../../src/configure-certstream.js';
import { CertificateFeed } from '../../src/feed/certificate-feed.js';
import { StreamModule } from '../../src/stream/stream.module.js';
import { STREAM_TIMINGS, streamTimings, type StreamTimings } from '../../src/stream/websocket/keep-alive.js';

export const TEST_LOG: LogSource = {
  name: 'Test log',
  url: 'https://log.example/2026',
  operator: 'Test',
  type: 'rfc6962',
};

/** Returns entries without a certificate. Their texts have the log index and a `parse_error`. */
export function emptyEntries(firstIndex: number, count: number, entryType = 0): EntryBatch {
  const builder = new EntryBatchBuilder('get-entries', count);
  for (let i = 0; i < count; i++) {
    const row = builder.add(1_767_225_600_000 + i);
    builder.table[row + EntryColumn.Type] = entryType;
  }
  return builder.build({ source: TEST_LOG, firstIndex, bytes: Buffer.alloc(0), seen: 1_767_225_600_123 });
}

export interface StreamApp {
  readonly app: NestExpressApplication;
  readonly stream: CertificateFeed;
  readonly port: number;
  readonly http: string;
  readonly ws: string;
}

export interface StreamAppOptions {
  /** Sections of the configuration. Missing keys have their default. */
  readonly config?: unknown;
  readonly timings?: Partial<StreamTimings>;
  /** Serves TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly imports?: () => NonNullable<ModuleMetadata['imports']>;
}

/** Starts the part of the server with the streams on a free port of 127.0.0.1, and closes it at the end of the test. */
export async function startStreamApp(options: StreamAppOptions = {}): Promise<StreamApp> {
  const config = configSchema.parse(options.config ?? {});
  const module = await Test.createTestingModule({
    imports: [CertstreamConfigModule.forRoot(config), StreamModule, ...(options.imports?.() ?? [])],
  })
    .overrideProvider(STREAM_TIMINGS)
    .useValue({ ...streamTimings(config), ...options.timings })
    .compile();
  const app = module.createNestApplication<NestExpressApplication>({
    bodyParser: false,
    logger: false,
    httpsOptions: options.tls,
  });
  configureCertstream(app);
  await app.listen(0, '127.0.0.1');
  onTestFinished(() => app.close());
  const { port } = app.getHttpServer().address() as AddressInfo;
  const authority = `127.0.0.1:${port}`;
  return {
    app,
    port,
    stream: app.get(CertificateFeed),
    http: `${options.tls ? 'https' : 'http'}://${authority}`,
    ws: `${options.tls ? 'wss' : 'ws'}://${authority}`,
  };
}
