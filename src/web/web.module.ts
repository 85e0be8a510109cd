import { Module } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../config/config.module.js';
import type { CertstreamConfig } from '../config/config-schema.js';
import { AccessPolicy } from './access-policy.js';

/** Who may connect to the web listener. */
@Module({
  providers: [
    {
      provide: AccessPolicy,
      inject: [CERTSTREAM_CONFIG],
      useFactory: (config: CertstreamConfig) => new AccessPolicy(config.webserver),
    },
  ],
  exports: [AccessPolicy],
})
export class WebModule {}
