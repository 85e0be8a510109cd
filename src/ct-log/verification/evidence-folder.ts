import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProblemLog } from '../../logging/problem-log.js';
import type { CtLog } from '../client/ct-log.js';
import { evidenceDocument, evidenceKey, type Finding } from './evidence.js';

/** A file has at most some hundred kilobytes: two tree heads of at most 64 KiB each. */
const MAX_FILES = 500;
const MAX_FILES_PER_LOG = 20;
const UNWRITABLE = 'CT_EVIDENCE_UNWRITABLE';

/**
 * Writes findings as files, each once. Nobody waits for it, and it never fails: what cannot be written is reported, and
 * written when it is found again.
 */
export class EvidenceFolder {
  private readonly known = new Set<string>();
  private readonly filesOf = new Map<string, number>();
  /** Files begun, for names that differ. */
  private begun = 0;
  private writing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly problems: ProblemLog,
    private readonly tell: (message: string, fields: object) => void,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** @returns the path of the file, once it is written; undefined when there is one already, or too many, or it cannot be. */
  async keep(log: CtLog, finding: Finding): Promise<string | undefined> {
    const key = evidenceKey(log, finding);
    const files = this.filesOf.get(log.source.url) ?? 0;
    if (this.known.has(key) || files >= MAX_FILES_PER_LOG || this.known.size >= MAX_FILES) return undefined;
    this.known.add(key);
    this.filesOf.set(log.source.url, files + 1);
    const time = this.now();
    const path = join(this.folder, fileName(log, finding, time, ++this.begun));
    const written = this.writing.then(() => this.write(path, evidenceDocument(log, finding, time)));
    this.writing = written;
    if (!(await written)) {
      this.known.delete(key);
      this.filesOf.set(log.source.url, (this.filesOf.get(log.source.url) ?? 1) - 1);
      return undefined;
    }
    this.tell(`${log.source.name}: evidence is in ${path}`, { log: log.source.url, file: path });
    return path;
  }

  /** @returns whether it is on disk. */
  private async write(path: string, text: string): Promise<boolean> {
    try {
      await mkdir(this.folder, { recursive: true });
      const files = await readdir(this.folder);
      if (files.length >= MAX_FILES) throw new Error(`the folder has ${files.length} files already`);
      await writeFile(`${path}.tmp`, text);
      await rename(`${path}.tmp`, path);
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.problems.report(UNWRITABLE, `evidence cannot be written to ${path}: ${reason}`, {
        code: UNWRITABLE,
        file: path,
      });
      return false;
    }
  }
}

/** `2026-11-22T13-45-00-000Z-root_mismatch-argon2026h2-1.json` */
function fileName({ source }: CtLog, { kind }: Finding, time: Date, number: number): string {
  const name = source.url.replace(/^https?:\/\//, '').replaceAll(/[^a-zA-Z0-9.]+/g, '-');
  return `${time.toISOString().replaceAll(/[:.]/g, '-')}-${kind}-${name.slice(-80)}-${number}.json`;
}
