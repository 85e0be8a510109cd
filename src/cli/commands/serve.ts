import { loadForCommand } from '../load-for-command.js';
import { runUntilSignal } from '../run-until-signal.js';

export async function serve(options: { readonly config?: string }): Promise<void> {
  const { config, source, warnings } = loadForCommand(options);
  await runUntilSignal(async () => {
    const { runServer } = await import('../run-server.js');
    return runServer(config, { source, warnings: [...warnings] });
  });
}
