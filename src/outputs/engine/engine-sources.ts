import type { OutputSettings, OutputType, SettingsOf } from '../../config/sections/outputs/outputs.js';
import type { EngineSource } from './output-engine.js';

type SourceOf<Type extends OutputType> = (settings: SettingsOf<Type>) => Promise<EngineSource>;

/** Loads the engine of each type. Only the configured ones are loaded, with their packages. */
const SOURCES: { readonly [Type in OutputType]?: () => Promise<SourceOf<Type>> } = {
  nsq: async () => (await import('../nsq/nsq-source.js')).nsqSource,
  webhook: async () => (await import('../webhook/webhook-source.js')).webhookSource,
};

/**
 * Loads the engine of an output and checks what it needs, without a connection.
 * @throws OutputError when a package, a secret or a file is missing.
 */
export async function engineSource(settings: OutputSettings): Promise<EngineSource> {
  const load = SOURCES[settings.type] as (() => Promise<SourceOf<OutputType>>) | undefined;
  const source = await load!();
  return source(settings);
}
