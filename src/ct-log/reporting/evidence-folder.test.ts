import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAKE_SOURCE } from '../../../test/support/fake-ct-log.js';
import { range } from '../../../test/support/range.js';
import { ProblemLog } from '../../logging/problem-log.js';
import { type ContradictionError, equivocation } from './contradiction.js';
import { EvidenceFolder } from './evidence-folder.js';

const log = { source: FAKE_SOURCE, key: Buffer.from('key'), configured: false };
let folder: string;
let lines: string[];
let problems: ProblemLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-'));
  lines = [];
  const write = (line: string): void => void lines.push(line);
  problems = new ProblemLog({ log: write, warn: write });
});
afterEach(() => rmSync(folder, { recursive: true }));

function contradiction(size: number): ContradictionError {
  const head = {
    treeSize: size,
    timestamp: 5,
    rootHash: Buffer.alloc(32, 1),
    signed: Buffer.from([0xff, size]),
  };
  return equivocation(head, { ...head, rootHash: Buffer.alloc(32, 2) });
}

function evidenceIn(path: string): EvidenceFolder {
  return new EvidenceFolder(path, problems, (line) => void lines.push(line));
}

describe('EvidenceFolder', () => {
  it('writes the signed statements byte for byte, each contradiction once', async () => {
    const evidence = evidenceIn(join(folder, 'new'));
    const kept = evidence.keep(log, contradiction(7));
    expect(await evidence.keep(log, contradiction(7))).toBeUndefined();
    const path = await kept;
    expect(path).toContain('equivocation');
    expect(lines).toEqual([`${FAKE_SOURCE.name}: evidence is in ${path}`]);
    const [name] = readdirSync(join(folder, 'new'));
    const document = JSON.parse(readFileSync(join(folder, 'new', name), 'utf8')) as {
      tree_heads: { signed: string }[];
    };
    expect(document).toMatchObject({ kind: 'equivocation', log: { url: FAKE_SOURCE.url, key: 'a2V5' } });
    expect(document.tree_heads.map(({ signed }) => [...Buffer.from(signed, 'base64')])).toEqual([
      [0xff, 7],
      [0xff, 7],
    ]);
  });

  it('writes at most twenty files for one log', async () => {
    const evidence = evidenceIn(folder);
    const paths = await Promise.all(range(1, 50).map((size) => evidence.keep(log, contradiction(size))));
    expect(paths.filter((path) => path !== undefined)).toHaveLength(20);
    expect(readdirSync(folder)).toHaveLength(20);
  });

  it('reports once that files cannot be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const evidence = evidenceIn(file);
    expect(await evidence.keep(log, contradiction(1))).toBeUndefined();
    expect(await evidence.keep(log, contradiction(2))).toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('evidence cannot be written');
  });

  it('writes a repeated contradiction when the folder becomes writable', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const evidence = evidenceIn(file);
    for (let size = 1; size <= 30; size++)
      expect(await evidence.keep(log, contradiction(size))).toBeUndefined();
    rmSync(file);
    const paths = [await evidence.keep(log, contradiction(1)), await evidence.keep(log, contradiction(1))];
    expect(paths).toEqual([expect.stringContaining('equivocation'), undefined]);
    expect(readdirSync(file)).toHaveLength(1);
  });
});
