import { createHash } from 'node:crypto';
import { access, constants, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../kernel/certstream-error.js';
import { makeFolder, replaceFile } from '../../kernel/atomic-file.js';
import type { ProblemLog } from '../../logging/problem-log.js';
import type { CtLog } from '../client/ct-log.js';
import type { TreeRoot } from '../client/merkle/merkle-proofs.js';
import type { ContradictionError } from './contradiction.js';

/** A file is at most a few hundred kilobytes long: two tree heads of at most 64 KiB each. */
const MAX_FILES = 500;
const MAX_FILES_PER_LOG = 20;
const UNWRITABLE = 'CT_EVIDENCE_UNWRITABLE';

/**
 * EvidenceFolder writes each contradiction once to a file. A file that cannot be written is reported, and written when the
 * contradiction is found again.
 */
export class EvidenceFolder {
  private readonly known = new Set<string>();
  private readonly filesOf = new Map<string, number>();
  /** Number of files begun; makes the file names unique. */
  private begun = 0;
  private writing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly problems: ProblemLog,
    private readonly inform: (message: string, fields: object) => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Reports a folder that could not be written. It is created when there is evidence. Never rejects. */
  async check(): Promise<void> {
    let nearest = resolve(this.folder);
    for (;;) {
      try {
        return await access(nearest, constants.W_OK | constants.X_OK);
      } catch (error) {
        const parent = dirname(nearest);
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === nearest)
          return this.problems.report(
            UNWRITABLE,
            `evidence against logs cannot be written to ${this.folder}: ${messageOf(error)}; set another ct_log.evidence_dir`,
            { code: UNWRITABLE },
          );
        nearest = parent;
      }
    }
  }

  /**
   * Writes the file of a contradiction. Never rejects.
   * @returns the path of the written file; undefined if the contradiction has a file, there are too many files, or writing failed.
   */
  async keep(log: CtLog, error: ContradictionError): Promise<string | undefined> {
    const key = [
      log.source.url,
      error.kind,
      ...error.trees,
      error.evidence.computed?.root.toString('hex'),
    ].join(' ');
    const files = this.filesOf.get(log.source.url) ?? 0;
    if (this.known.has(key) || files >= MAX_FILES_PER_LOG || this.known.size >= MAX_FILES) return undefined;
    this.known.add(key);
    this.filesOf.set(log.source.url, files + 1);
    const time = this.now();
    const path = join(this.folder, fileName(log, error, time, ++this.begun));
    const written = this.writing.then(() => this.write(path, evidenceDocument(log, error, time)));
    this.writing = written;
    if (!(await written)) {
      this.known.delete(key);
      this.filesOf.set(log.source.url, (this.filesOf.get(log.source.url) ?? 1) - 1);
      return undefined;
    }
    this.inform(`${log.source.name}: evidence is in ${path}`, { log: log.source.url, file: path });
    return path;
  }

  /** @returns whether the file was written. */
  private async write(path: string, text: string): Promise<boolean> {
    try {
      await makeFolder(this.folder);
      const files = await readdir(this.folder);
      if (files.length >= MAX_FILES) throw new Error(`the folder has ${files.length} files already`);
      await replaceFile(path, text);
      return true;
    } catch (error) {
      const reason = messageOf(error);
      this.problems.report(UNWRITABLE, `evidence cannot be written to ${path}: ${reason}`, {
        code: UNWRITABLE,
        file: path,
      });
      return false;
    }
  }
}

/** `2026-11-22T13-45-00-000Z-root_mismatch-argon2026h2-1.json` */
function fileName({ source }: CtLog, { kind }: ContradictionError, time: Date, number: number): string {
  const name = source.url.replace(/^https?:\/\//, '').replaceAll(/[^a-zA-Z0-9.]+/g, '-');
  return `${time.toISOString().replaceAll(/[:.]/g, '-')}-${kind}-${name.slice(-80)}-${number}.json`;
}

/** The evidence as JSON. It contains every signed statement byte for byte, in base64, so that other parties can check it. */
function evidenceDocument(log: CtLog, { kind, message, evidence }: ContradictionError, time: Date): string {
  const { source, key, submissionUrl } = log;
  const document = {
    version: 1,
    kind,
    message,
    time: time.toISOString(),
    log: {
      name: source.name,
      operator: source.operator,
      url: source.url,
      type: source.type,
      submission_url: submissionUrl,
      key: key?.toString('base64'),
      log_id: key && createHash('sha256').update(key).digest('base64'),
    },
    tree_heads: evidence.heads.map(({ treeSize, timestamp, rootHash, signed }) => ({
      tree_size: treeSize,
      timestamp,
      sha256_root_hash: rootHash.toString('base64'),
      signed: signed.toString('base64'),
    })),
    computed: treeOf(evidence.computed),
    last_verified: treeOf(evidence.verified),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function treeOf(tree: TreeRoot | undefined): object | undefined {
  return tree && { tree_size: tree.size, sha256_root_hash: tree.root.toString('base64') };
}
