import { loadForCommand } from '../load-for-command.js';
import { runUntilSignal } from '../run-until-signal.js';
import { letYoungGenerationGrow } from '../start-flags.js';

export async function serve(options: { readonly config?: string }): Promise<void> {
  const { config, source, warnings } = loadForCommand(options);
  await runUntilSignal(async () => {
    const { startServer } = await import('../../start-server.js');
    return startServer(config, { source, warnings: [...warnings] });
  });
  letYoungGenerationGrow();
}
