import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { runUntilSignal } from '../run-until-signal.js';

export async function serve(options: LoadOptions): Promise<void> {
  const { config, source, warnings, imports } = await loadForCommand(options);
  await runUntilSignal(async () => {
    const { runServer } = await import('../run-server.js');
    return runServer(config, { source, warnings: [...warnings], imports });
  });
}
