import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { CertstreamError, messageOf } from '../../kernel/certstream-error.js';
import { printable } from '../../logging/printable.js';
import { engineSource } from '../../outputs/engine/engine-sources.js';
import {
  type EngineSource,
  MessagesRefusedError,
  type OutputEngine,
} from '../../outputs/engine/output-engine.js';
import { OutputError } from '../../outputs/output-error.js';
import type { OutputMessage } from '../../outputs/messages/output-message.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { knownOutput } from '../outputs/saved-positions.js';
import { testMessage } from '../outputs/test-message.js';
import { EXIT_FAILED } from '../report-failure.js';

export interface TestOutputOptions extends LoadOptions {
  readonly name: string;
}

/** Sends one message with an output of the configuration, and prints the result. A running server and its position are not concerned. */
export async function testOutput(options: TestOutputOptions): Promise<void> {
  const { config } = await loadForCommand(options);
  const name = knownOutput(
    options.name,
    config.outputs.map((output) => output.name),
  );
  const settings = config.outputs.find((output) => output.name === name)!;
  const message = await testMessage(settings);
  const source = await engineSource(settings);
  let failure;
  let ms;
  try {
    await source.start?.();
    const startedAt = performance.now();
    failure = await send(source, message, settings.timeout_seconds * 1000);
    ms = Math.round(performance.now() - startedAt);
  } catch (error) {
    if (error instanceof OutputError && error.code === 'OUTPUT_FOLDER_IN_USE')
      throw new OutputError(
        'OUTPUT_FOLDER_IN_USE',
        `output ${name}: a running server writes to the folder of this output; stop it to test the output, or run \`certstream-server outputs\` to see whether the output works`,
        { cause: error },
      );
    throw OutputError.of(name, error);
  } finally {
    await source.close?.();
  }
  const what = `output ${name} (${settings.type})`;
  if (failure === undefined) {
    const octets = `${message.text.length} octets, id ${message.id}`;
    process.stdout.write(
      printable(`${what}: the other side acknowledged a test message in ${ms} ms: ${octets}`) + '\n',
    );
    return;
  }
  process.stderr.write(printable(`${what}: the test message failed after ${ms} ms: ${failure}`) + '\n');
  process.exitCode = EXIT_FAILED;
}

/** Sends a message. @returns why it failed; undefined after the acknowledgement. */
async function send(
  source: EngineSource,
  message: OutputMessage,
  timeoutMs: number,
): Promise<string | undefined> {
  const timeout = abortControllerForMany();
  let engine: OutputEngine | undefined;
  const sent = (async () => {
    engine = await source.open(timeout.signal);
    await engine.send([message], timeout.signal);
  })();
  const late = Symbol('late');
  let timer: NodeJS.Timeout | undefined;
  const wait = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), timeoutMs);
  });
  try {
    if ((await Promise.race([sent, wait])) !== late) return undefined;
    sent.catch(() => undefined);
    timeout.abort();
    return `there is no acknowledgement after ${timeoutMs / 1000} s`;
  } catch (error) {
    return reasonOf(error);
  } finally {
    clearTimeout(timer);
    await engine?.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof MessagesRefusedError) return `it is refused: ${error.refused[0].reason}`;
  return error instanceof CertstreamError ? `${error.code}: ${error.message}` : messageOf(error);
}
