import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { ProblemLog } from '../../../logging/problem-log.js';
import { replaceFile } from '../../../kernel/atomic-file.js';
import { readBoundedFile } from '../../../kernel/bounded-file.js';
import type { IssuerCache } from './issuer-cache.js';

/** Maximum number of bytes of DER. The most recently used issuers are kept. All issuers of the public logs have less than one million. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Size of the largest file, including base64 and a line end for each issuer. */
const MAX_FILE_BYTES = 2 * MAX_BYTES;
const START = '{"certstream_issuers":1,';
const DAMAGED = 'CT_ISSUER_FILE_DAMAGED';
const UNWRITABLE = 'CT_ISSUER_FILE_UNWRITABLE';

/**
 * IssuerFile keeps the issuers of an {@link IssuerCache} on disk as JSON, with one issuer per line, DER in base64, and the SHA-256
 * of all lines. If the file is damaged, the issuers are requested from the logs again.
 */
export class IssuerFile {
  private savedAdditions = 0;
  private isForeign = false;
  private saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly cache: IssuerCache,
    private readonly problems: Pick<ProblemLog, 'report' | 'resolved'>,
  ) {}

  /** Reads the file into the cache. Never rejects: an unusable file is reported and ignored. */
  async load(): Promise<void> {
    try {
      const text = await this.read();
      for (const der of text === undefined ? [] : parse(text)) {
        this.cache.set(hash('sha256', der, 'buffer').toString('latin1'), der, this.path);
      }
    } catch (error) {
      const then = this.isForeign ? 'it stays unchanged, and issuers are not saved' : 'it will be replaced';
      this.problems.report(DAMAGED, `${this.path}: ${(error as Error).message}; ${then}`, { code: DAMAGED });
    }
    this.savedAdditions = this.cache.additions;
  }

  /** Writes the file if there are new issuers; never rejects. */
  save(): Promise<void> {
    this.saving = this.saving.then(() => this.write());
    return this.saving;
  }

  private async write(): Promise<void> {
    const { additions } = this.cache;
    if (additions === this.savedAdditions || this.isForeign) return;
    try {
      await replaceFile(this.path, format(newest(this.cache.all())));
      this.savedAdditions = additions;
      this.problems.resolved(UNWRITABLE);
    } catch (error) {
      this.problems.report(UNWRITABLE, `issuers cannot be saved: ${(error as Error).message}`, {
        code: UNWRITABLE,
      });
    }
  }

  /** Reads the text of the file. @returns undefined without a file. @throws Error */
  private async read(): Promise<string | undefined> {
    const found = await stat(this.path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return undefined;
    this.isForeign = true;
    if (!found.isFile()) throw new Error('it is not a file');
    if (found.size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`);
    const text = (await readBoundedFile(this.path, MAX_FILE_BYTES)).toString();
    this.isForeign = text !== '' && !text.startsWith(START);
    if (this.isForeign) throw new Error('it is not a file of issuers');
    return text;
  }
}

function format(issuers: readonly Buffer[]): string {
  const lines = issuers.map((der) => `"${der.toString('base64')}"`).join(',\n');
  return `${START}"sha256":"${hash('sha256', lines, 'hex')}","issuers":[\n${lines}\n]}\n`;
}

/** @throws Error if the text is damaged. */
function parse(text: string): Buffer[] {
  const [, sha256, lines = ''] =
    /^\{"certstream_issuers":1,"sha256":"([0-9a-f]{64})","issuers":\[\n([^\]]*)\n\]\}\n$/.exec(text) ?? [];
  if (sha256 === undefined || hash('sha256', lines, 'hex') !== sha256) throw new Error('it is damaged');
  return lines === '' ? [] : lines.split(',\n').map((line) => Buffer.from(line.slice(1, -1), 'base64'));
}

function newest(issuers: readonly Buffer[]): readonly Buffer[] {
  let bytes = 0;
  const tooOld = issuers.findLastIndex(({ length }) => (bytes += length) > MAX_BYTES);
  return issuers.slice(tooOld + 1);
}
