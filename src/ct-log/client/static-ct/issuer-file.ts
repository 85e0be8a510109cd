import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { ProblemLog } from '../../../logging/problem-log.js';
import { replaceFile } from '../../../kernel/atomic-file.js';
import type { IssuerCache } from './issuer-cache.js';

/** Octets of DER that are kept, those that were used last; all issuers of the public logs have less than one million. */
const MAX_BYTES = 4 * 1024 * 1024;
/** What the largest file takes, base64 and a line end for each issuer included. */
const MAX_FILE_BYTES = 2 * MAX_BYTES;
const START = '{"certstream_issuers":1,';
const DAMAGED = 'CT_ISSUER_FILE_DAMAGED';
const UNWRITABLE = 'CT_ISSUER_FILE_UNWRITABLE';

/**
 * The issuers of an {@link IssuerCache} on disk: JSON with one issuer per line, DER in base64, and the SHA-256 of all
 * of them. Where it is damaged, the logs are asked again; that costs nothing but requests.
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

  /** Never rejects: a file that cannot be used is told and left out. */
  async load(): Promise<void> {
    try {
      const text = await this.read();
      for (const der of text === undefined ? [] : parse(text)) {
        this.cache.set(hash('sha256', der, 'buffer').toString('latin1'), der);
      }
    } catch (error) {
      const then = this.isForeign ? 'it is left as it is, and issuers are not kept' : 'it will be replaced';
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

  /** Undefined: there is none. @throws Error */
  private async read(): Promise<string | undefined> {
    const found = await stat(this.path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return undefined;
    this.isForeign = true;
    if (!found.isFile()) throw new Error('it is no file');
    if (found.size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`);
    const text = await readFile(this.path, 'utf8');
    this.isForeign = text !== '' && !text.startsWith(START);
    if (this.isForeign) throw new Error('it is something else than a file of issuers');
    return text;
  }
}

function format(issuers: readonly Buffer[]): string {
  const lines = issuers.map((der) => `"${der.toString('base64')}"`).join(',\n');
  return `${START}"sha256":"${hash('sha256', lines, 'hex')}","issuers":[\n${lines}\n]}\n`;
}

/** @throws Error: not what was written. */
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
