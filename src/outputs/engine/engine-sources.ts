import type { OutputSettings, OutputType, SettingsOf } from '../../config/sections/outputs/outputs.js';
import { messageOf } from '../../kernel/certstream-error.js';
import { OutputError } from '../output-error.js';
import type { EngineSource } from './output-engine.js';

type SourceOf<Type extends OutputType> = (settings: SettingsOf<Type>) => Promise<EngineSource>;

/** Loads the engine of each type. Only the configured ones are loaded, with their packages. */
const SOURCES: { readonly [Type in OutputType]: () => Promise<SourceOf<Type>> } = {
  file: async () => (await import('../file/file-source.js')).fileSource,
  kafka: async () => (await import('../kafka/kafka-source.js')).kafkaSource,
  nats: async () => (await import('../nats/nats-source.js')).natsSource,
  nsq: async () => (await import('../nsq/nsq-source.js')).nsqSource,
  webhook: async () => (await import('../webhook/webhook-source.js')).webhookSource,
};

/**
 * Loads the engine of an output and checks what it needs, without a connection.
 * @throws OutputError when a package, a secret or a file is missing. The message begins with the name of the output.
 */
export async function engineSource(settings: OutputSettings): Promise<EngineSource> {
  const load = SOURCES[settings.type] as () => Promise<SourceOf<OutputType>>;
  try {
    const source = await load();
    return await source(settings);
  } catch (error) {
    throw OutputError.of(settings.name, error);
  }
}

/** Returns one line for each output that lacks something, such as a package, a secret or a file. Makes no connection. */
export async function problemsOfOutputs(outputs: readonly OutputSettings[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const settings of outputs) {
    if (!settings.enabled) continue;
    try {
      await engineSource(settings);
    } catch (error) {
      const text = messageOf(error);
      problems.push(error instanceof OutputError ? text : `output ${settings.name}: ${text}`);
    }
  }
  return problems;
}
