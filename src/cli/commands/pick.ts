import { setTimeout as delay } from 'node:timers/promises';
import { abortControllerForMany } from '../../kernel/abort-controller.js';
import { CertificateBatch } from '../../certificate/certificate-batch.js';
import type { CertificateEntry } from '../../certificate/certificate-entry.js';
import { CertificateRenderer } from '../../certificate/certificate-renderer.js';
import type { LogProtocol } from '../../certificate/certificate-message.js';
import { logUrlMistake, normalizeLogUrl } from '../../config/log-url.js';
import { CtLogError } from '../../ct-log/client/ct-log-error.js';
import { CtHttpClient } from '../../ct-log/client/http/ct-http-client.js';
import { connectToLog } from '../find-log.js';
import { loadForCommand, type LoadOptions } from '../load-for-command.js';
import { pickedJson, type PickedParts, pickedPem, pickedText } from '../picked-entry.js';
import { UsageError } from '../usage-error.js';

/** How often issuers are requested that fail for now. After that, the entry is printed without them. */
const TRIES = 3;
const PAUSE_MS = 500;

export interface PickOptions extends LoadOptions, PickedParts {
  readonly log: string;
  readonly cert: number;
  readonly pem: boolean;
  readonly text: boolean;
  readonly tiled: boolean;
}

export async function pick(options: PickOptions): Promise<void> {
  const mistake = logUrlMistake(options.log);
  if (mistake !== undefined) throw new UsageError(`--log ${JSON.stringify(options.log)} ${mistake}`);
  const url = normalizeLogUrl(options.log);
  if (url === undefined) {
    throw new UsageError(
      `--log ${JSON.stringify(options.log)} is not a URL; use for example ct.example.com/log`,
    );
  }
  const http = CtHttpClient.fromConfig((await loadForCommand(options)).config);
  try {
    const entry = await pickEntry(url, options, http);
    process.stdout.write(`${await shown(entry, options)}\n`);
  } finally {
    await http.close();
  }
}

function shown(entry: CertificateEntry, options: PickOptions): string | Promise<string> {
  if (options.pem) return pickedPem(entry, options);
  return options.text ? pickedText(entry, options) : pickedJson(entry, options);
}

/**
 * Fetches one entry of a log.
 * @throws UsageError when the log has no such entry; CtLogError
 */
export async function pickEntry(
  url: string,
  options: PickOptions,
  http: CtHttpClient,
): Promise<CertificateEntry> {
  const signal = abortControllerForMany().signal;
  const protocols: readonly LogProtocol[] = options.tiled ? ['tiled'] : ['rfc6962', 'tiled'];
  const services = { issuerPatience: { tries: TRIES, minutes: 0 } };
  const { client, head } = await connectToLog(url, protocols, http, signal, services);
  if (options.cert >= head.treeSize) {
    throw new UsageError(`${url} has no entry ${options.cert}; use --cert 0 to ${head.treeSize - 1}`);
  }
  for (let tries = 1; ; tries++) {
    try {
      const entries = await client.getEntries(options.cert, options.cert + 1, head.treeSize, signal);
      return new CertificateBatch(entries, new CertificateRenderer()).entry(0);
    } catch (error) {
      const isLast = !(error instanceof CtLogError) || (error.entries?.next ?? 'least') === 'least';
      if (isLast || tries === TRIES) throw error;
      await delay(PAUSE_MS);
    }
  }
}
