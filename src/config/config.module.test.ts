import { Inject, Injectable, Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';

import { CERTSTREAM_CONFIG, CertstreamConfigModule } from './config.module.js';
import { type CertstreamConfig, configSchema } from './config-schema.js';

@Injectable()
class Consumer {
  constructor(
    @Inject(CERTSTREAM_CONFIG) readonly config: CertstreamConfig,
    readonly service: ConfigService,
  ) {}
}

@Module({ providers: [Consumer] })
class ConsumerModule {}

describe('CertstreamConfigModule', () => {
  it('gives every module the loaded object, regardless of the environment', async () => {
    process.env['webserver'] = 'shadow';
    const limits = { max_connections: 10, max_pending_connections: 10 };
    const config = configSchema.parse({ webserver: { listen_port: 1234, limits } });
    const module = await Test.createTestingModule({
      imports: [CertstreamConfigModule.forRoot(config), ConsumerModule],
    }).compile();
    const consumer = module.get(Consumer, { strict: false });
    delete process.env['webserver'];
    expect(consumer.config).toBe(config);
    expect(consumer.service.get('certstream.webserver.listen_port')).toBe(1234);
    await module.close();
  });

  it('keeps the configurations of two servers in one process separate', async () => {
    const modules = await Promise.all(
      [1, 2].map((listen_port) =>
        Test.createTestingModule({
          imports: [
            CertstreamConfigModule.forRoot(configSchema.parse({ webserver: { listen_port } })),
            ConsumerModule,
          ],
        }).compile(),
      ),
    );
    const ports = modules.map(
      (module) => module.get(Consumer, { strict: false }).config.webserver.listen_port,
    );
    expect(ports).toEqual([1, 2]);
    await Promise.all(modules.map((module) => module.close()));
  });
});
