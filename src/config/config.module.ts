import {
  type DynamicModule,
  type FactoryProvider,
  Logger,
  Module,
  type ModuleMetadata,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { ModulesContainer } from '@nestjs/core';
import { openFileLimit } from '../kernel/open-files.js';
import { checkOf, type ConfigInput, defineConfig } from './checked-config.js';
import { ConfigError } from './config-error.js';
import { type ConfigNamespace, type ConfigSectionDefinition, OWN_NAMESPACES } from './config-namespace.js';
import type { CertstreamConfig } from './config-schema.js';
import { type PossibleConfig, withinOpenFiles } from './open-file-limits.js';

/** Injection token of the whole configuration: `@Inject(CERTSTREAM_CONFIG) config: CertstreamConfig`. */
export const CERTSTREAM_CONFIG = Symbol('CERTSTREAM_CONFIG');

/** Options of `forRootAsync`. */
export interface CertstreamAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  /** Receives the providers that `inject` names, and returns a configuration or a part of one. */
  readonly useFactory: FactoryProvider<ConfigInput | CertstreamConfig>['useFactory'];
  /** Sections of modules that the configuration may contain. */
  readonly sections?: readonly ConfigSectionDefinition<object>[];
}

/**
 * Provides the configuration to the whole application: each section under the key of its namespace, and the whole as
 * {@link CERTSTREAM_CONFIG}. Numbers of connections that exceed the limit of open files are cut. It does not change the application's own
 * `ConfigModule` and environment.
 */
@Module({})
export class CertstreamConfigModule implements OnModuleInit {
  constructor(private readonly modules: ModulesContainer) {}

  /**
   * Logs how the limit of open files has cut the configuration. Refuses a second configuration: the application would use one of them, and
   * silently lose the tokens of the other.
   * @throws ConfigError (`CONFIG_AMBIGUOUS`)
   */
  onModuleInit(): void {
    const configs = [...this.modules.values()]
      .filter(({ metatype }) => metatype === CertstreamConfigModule)
      .map(({ providers }) => providers.get(CERTSTREAM_CONFIG)?.instance as CertstreamConfig);
    if (new Set(configs).size > 1)
      throw new ConfigError('CONFIG_AMBIGUOUS', [
        'the application imports two configurations of certstream; call forRoot() or forRootAsync() once',
      ]);
    for (const config of configs) {
      const notice = notices.get(config);
      if (notice !== undefined) logNotice(notice);
      notices.delete(config);
    }
  }

  /** @param config a complete, checked configuration from `loadConfig` or `defineConfig`. */
  static forRoot(config: CertstreamConfig): DynamicModule {
    const { added } = checkOf(config);
    return assemble({ provide: CERTSTREAM_CONFIG, useFactory: () => possible(config) }, added);
  }

  /** The application fails to start with a ConfigError if the configuration is invalid. */
  static forRootAsync({ useFactory, inject, imports, sections = [] }: CertstreamAsyncOptions): DynamicModule {
    const complete = async (...injected: unknown[]): Promise<CertstreamConfig> => {
      const config = defineConfig(await useFactory(...injected), sections);
      logWarnings(config);
      return possible(config);
    };
    return assemble({ provide: CERTSTREAM_CONFIG, useFactory: complete, inject }, sections, imports);
  }
}

/** Logs the warnings from the check of a configuration. */
export function logWarnings(config: CertstreamConfig): void {
  const logger = new Logger(CertstreamConfigModule.name);
  for (const warning of checkOf(config).warnings) logger.warn(warning);
}

/** Logs how the limit of open files has cut a configuration. */
export function logNotice({ notice, isScarce }: PossibleConfig): void {
  if (notice !== undefined) new Logger(CertstreamConfigModule.name)[isScarce ? 'warn' : 'log'](notice);
}

/** The same object for a configuration that is imported twice. */
const possibleConfigs = new WeakMap<CertstreamConfig, CertstreamConfig>();
/** Lines that are to be logged, by the configuration that was cut. */
const notices = new WeakMap<CertstreamConfig, PossibleConfig>();

/** Cuts the numbers of connections to what this process can have. */
function possible(wanted: CertstreamConfig): CertstreamConfig {
  const known = possibleConfigs.get(wanted);
  if (known !== undefined) return known;
  const cut = withinOpenFiles(wanted, openFileLimit());
  possibleConfigs.set(wanted, cut.config);
  notices.set(cut.config, cut);
  return cut.config;
}

function assemble(
  config: Provider<CertstreamConfig>,
  sections: readonly object[],
  imports: ModuleMetadata['imports'] = [],
): DynamicModule {
  const features = [...OWN_NAMESPACES, ...(sections as readonly ConfigNamespace<object>[])].map(featureOf);
  return {
    module: CertstreamConfigModule,
    global: true,
    imports: [...imports, ...features],
    providers: [config],
    exports: [CERTSTREAM_CONFIG, ...features],
  };
}

/**
 * `ConfigModule.forFeature` supports only factories without dependencies, but the factories of this server depend on the
 * configuration, so this function adds the dependency. It also removes the ConfigService that `forFeature` provides: that
 * service waits for these factories, so a factory that creates the configuration could not inject it. The ConfigService
 * of `ConfigModule` itself remains.
 */
function featureOf(namespace: ConfigNamespace<object>): DynamicModule {
  const feature = ConfigModule.forFeature(namespace as unknown as () => object);
  const providers = (feature.providers ?? []).filter(
    (provider) => !('provide' in provider && provider.provide === ConfigService),
  );
  return {
    ...feature,
    providers: providers.map((provider) =>
      'provide' in provider && provider.provide === namespace.KEY
        ? ({ ...provider, inject: [CERTSTREAM_CONFIG] } as Provider)
        : provider,
    ),
    exports: [namespace.KEY],
  };
}
