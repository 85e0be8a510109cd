import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAKE_SOURCE } from '../../../test/support/fake-ct-log.js';
import { ProblemLog } from '../../logging/problem-log.js';
import type { Finding } from './evidence.js';
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

function finding(size: number): Finding {
  const head = {
    treeSize: size,
    timestamp: 5,
    rootHash: Buffer.alloc(32, 1),
    signed: Buffer.from([0xff, size]),
  };
  return {
    kind: 'equivocation',
    message: 'two trees',
    heads: [head, { ...head, rootHash: Buffer.alloc(32, 2) }],
  };
}

describe('EvidenceFolder', () => {
  it('keeps what was signed byte for byte, each finding once', async () => {
    const evidence = new EvidenceFolder(join(folder, 'new'), problems);
    expect(evidence.keep(log, finding(7))).toContain('equivocation');
    expect(evidence.keep(log, finding(7))).toBeUndefined();
    await evidence.settled();
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

  it('keeps at most twenty of one log', async () => {
    const evidence = new EvidenceFolder(folder, problems);
    for (let size = 1; size < 50; size++) evidence.keep(log, finding(size));
    await evidence.settled();
    expect(readdirSync(folder)).toHaveLength(20);
  });

  it('says once that nothing can be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const evidence = new EvidenceFolder(file, problems);
    evidence.keep(log, finding(1));
    evidence.keep(log, finding(2));
    await evidence.settled();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('evidence cannot be written');
  });
});
