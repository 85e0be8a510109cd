import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';

import type { CertstreamConfig } from './config-schema.js';

const NAMESPACE = 'certstream';

/** Injection token of the loaded {@link CertstreamConfig}: `@Inject(CERTSTREAM_CONFIG) config: CertstreamConfig`. */
export const CERTSTREAM_CONFIG = Symbol('CERTSTREAM_CONFIG');

/**
 * Carries the configuration that was loaded before Nest started. The environment is not read again; custom
 * modules may also use `ConfigService.get('certstream.webserver.listen_port')`.
 */
@Module({})
export class CertstreamConfigModule {
  static forRoot(config: CertstreamConfig): DynamicModule {
    const namespace = registerAs(NAMESPACE, () => config);
    return {
      module: CertstreamConfigModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          skipProcessEnv: true,
          load: [namespace],
        }),
      ],
      providers: [{ provide: CERTSTREAM_CONFIG, useFactory: () => config }],
      exports: [CERTSTREAM_CONFIG],
    };
  }
}
