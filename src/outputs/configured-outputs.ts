import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import { journalConfig, outputsConfig, streamConfig } from '../config/config-namespace.js';
import { createOutput } from './engine/create-output.js';
import type { EngineOutput } from './engine/engine-output.js';
import { Outputs } from './outputs.js';

/** Registers the outputs of the configuration. */
@Injectable()
export class ConfiguredOutputs implements OnModuleInit {
  private readonly logger = new Logger(Outputs.name);

  constructor(
    @Inject(outputsConfig.KEY) private readonly settings: ConfigType<typeof outputsConfig>,
    @Inject(journalConfig.KEY) private readonly journal: ConfigType<typeof journalConfig>,
    @Inject(streamConfig.KEY) private readonly stream: ConfigType<typeof streamConfig>,
    private readonly outputs: Outputs,
  ) {}

  /** @throws OutputError when an output lacks a package, a secret or a file. */
  async onModuleInit(): Promise<void> {
    const context = {
      journalPath: this.journal.path,
      uniqueMegabytes: this.stream.unique_window_mb,
      log: this.logger,
    };
    const created: EngineOutput[] = [];
    try {
      for (const settings of this.settings) {
        if (!settings.enabled) continue;
        const output = await createOutput(settings, context);
        created.push(output);
        await output.start();
      }
    } catch (error) {
      // The application that contains the server may go on, and start it again.
      await Promise.allSettled(created.map((output) => output.close()));
      throw error;
    }
    for (const output of created) this.outputs.register(output);
  }
}
