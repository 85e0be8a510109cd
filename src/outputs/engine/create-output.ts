import { join } from 'node:path';
import type { OutputSettings } from '../../config/sections/outputs/outputs.js';
import { messageOf } from '../../kernel/certstream-error.js';
import type { ProblemLogTarget } from '../../logging/problem-log.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { DeadLetters } from '../messages/dead-letters.js';
import { MessageSelection } from '../messages/message-selection.js';
import { OutputError } from '../output-error.js';
import { EngineOutput } from './engine-output.js';
import { engineSource } from './engine-sources.js';

const MEBIBYTE = 2 ** 20;

export interface OutputContext {
  /** `journal.path`, the folder of dead letters without a path of their own. */
  readonly journalPath: string;
  /** `stream.unique_window_mb` */
  readonly uniqueMegabytes: number;
  readonly log: ProblemLogTarget;
}

/**
 * Creates an output of the configuration. It makes no connection.
 * @throws OutputError when a package, a secret or a file is missing, or the dead letters cannot be written.
 */
export async function createOutput(settings: OutputSettings, context: OutputContext): Promise<EngineOutput> {
  const { name, type, required, dead_letter_file: file, timeout_seconds: seconds } = settings;
  const problems = new ProblemLog(context.log);
  const deadLetters = new DeadLetters({
    path: file === '' ? join(context.journalPath, `${name}.dead-letters.jsonl`) : file,
    maxBytes: settings.dead_letter_max_mb * MEBIBYTE,
    onRefused: (message) => problems.report('refused', `output ${name}: ${message}`),
    onLost: (message) => problems.report('lost', `output ${name}: ${message}`),
  });
  if (file !== '') await prepareDeadLetters(deadLetters, name, file);
  return new EngineOutput(name, {
    type,
    required,
    source: await engineSource(settings),
    selection: new MessageSelection(settings, context.uniqueMegabytes),
    deadLetters,
    timeoutMs: seconds * 1000,
  });
}

async function prepareDeadLetters(deadLetters: DeadLetters, name: string, file: string): Promise<void> {
  try {
    await deadLetters.prepare();
  } catch (cause) {
    throw new OutputError(
      'OUTPUT_DEAD_LETTERS_UNWRITABLE',
      `output ${name}: ${file} of dead_letter_file cannot be written: ${messageOf(cause)}; correct its permissions, or name another file`,
      { cause },
    );
  }
}
