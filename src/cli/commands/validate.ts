import { loadForCommand } from '../load-for-command.js';

export function validate(options: { readonly config?: string }): void {
  const { source, warnings } = loadForCommand(options);
  const lines = [
    source === 'defaults' ? 'No config file found, using the defaults' : `Using ${source}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    'Config is valid',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
