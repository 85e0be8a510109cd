import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CtfeLog, findPostgres } from '../real-logs/ctfe-log.js';
import { findLogSoftware, type RealLog, type RealLogPlace } from '../real-logs/real-log.js';
import { RealLogRun } from '../real-logs/real-log-run.js';
import { SHAPES } from '../real-logs/submission-shapes.js';
import { SubmissionMaker } from '../real-logs/submissions.js';
import { TesseractLog } from '../real-logs/tesseract-log.js';
import { TestHierarchy } from '../real-logs/test-hierarchy.js';

/** Number of submissions; `npm run test:real-logs` sends 2,000. */
const entries = Number(process.env['REAL_LOG_ENTRIES'] ?? 200);
const seed = Number(process.env['REAL_LOG_SEED'] ?? Date.now() % 100_000);
const tesseract = findLogSoftware('tesseract');
const postgres = findPostgres();
const ctfe = postgres && findLogSoftware('ctfe');

async function check(program: string, start: (place: RealLogPlace) => Promise<RealLog>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'real-logs-'));
  // A root is submitted after the other shapes.
  const hierarchy = new TestHierarchy(Math.ceil(entries / (2 * Object.keys(SHAPES).length)));
  const log = await start({ program, folder, rootsPem: hierarchy.rootsPem() });
  const maker = new SubmissionMaker(hierarchy, seed, log);
  const run = new RealLogRun({ log, maker, folder, entries, seed });
  try {
    const { mistakes, table } = await run.run();
    console.log(table.join('\n'));
    expect(mistakes.slice(0, 20)).toEqual([]);
  } finally {
    await run.end();
  }
  rmSync(folder, { recursive: true, force: true });
}

describe.concurrent(
  'every message about a log of others is what was submitted, once and in order, whatever is killed',
  () => {
    it.skipIf(tesseract === undefined)(
      'TesseraCT (static-ct-api)',
      () => check(tesseract!, (place) => TesseractLog.start(place)),
      900_000,
    );

    it.skipIf(ctfe === undefined)(
      'CTFE (RFC 6962)',
      () => check(ctfe!, (place) => CtfeLog.start(place, postgres!)),
      900_000,
    );
  },
);
