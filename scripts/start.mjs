/**
 * The program of `npm start` and `npm run demo`: builds the parts that have changed since their last build, then runs a
 * command of the server in this process, so that signals and the exit code are those of the server.
 *
 *   node scripts/start.mjs <command> [<option> ...]
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const TOP = join(import.meta.dirname, '..');
/** `npm ci` removes this folder, so that new compilers build everything again. */
const RECORDS = join(TOP, 'node_modules/.cache/certstream-server-nest');
const BIN = join(TOP, 'dist/cli/bin.js');
const PAGE = 'dist/dashboard';

/** The parts in the order of their builds. The build of the server empties `dist`, so the page follows. */
const PARTS = [
  {
    name: 'server',
    inputs: [
      'src',
      'tsconfig.json',
      'tsconfig.build.json',
      'nest-cli.json',
      'package.json',
      'package-lock.json',
    ],
    output: 'dist',
    program: ['node_modules/@nestjs/cli/bin/nest.js', 'build'],
  },
  {
    name: 'page',
    inputs: ['dashboard', 'src', 'tsconfig.json', 'package.json', 'package-lock.json'],
    output: PAGE,
    program: [
      'node_modules/vite/bin/vite.js',
      'build',
      '--config',
      'dashboard/vite.config.ts',
      '--logLevel',
      'warn',
    ],
  },
];

if (!existsSync(join(TOP, 'node_modules'))) fail('the packages are not installed; run: npm ci');
for (const part of PARTS) await buildIfChanged(part);
process.argv.splice(1, 1, BIN);
await import(pathToFileURL(BIN).href);

async function buildIfChanged(part) {
  const record = join(RECORDS, `${part.name}.json`);
  const inputs = contentsOf(part.inputs);
  const last = existsSync(record) ? readFileSync(record, 'utf8') : '';
  if (last === JSON.stringify({ inputs, output: statesOf(part.output) })) {
    say(`the ${part.name} is up to date`);
    return;
  }
  // Without a record, an interrupted build is never taken for a complete one.
  rmSync(record, { force: true });
  const start = Date.now();
  await run(part);
  mkdirSync(RECORDS, { recursive: true });
  writeFileSync(record, JSON.stringify({ inputs, output: statesOf(part.output) }));
  say(`built the ${part.name} in ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

/** Runs the build of a part. A signal ends the build first and then this process. */
async function run({ name, program }) {
  const child = spawn(process.execPath, program, { cwd: TOP, stdio: 'inherit' });
  let received;
  const forward = (signal) => {
    received = signal;
    child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  say(`building the ${name}; it has changed since its last build, or was never built here …`);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  process.off('SIGINT', forward).off('SIGTERM', forward);
  if (received !== undefined) process.exit(128 + constants.signals[received]);
  if (code !== 0) fail(`the build of the ${name} failed; nothing was started`);
}

/** @returns a digest of the contents of files and folders; tests are left out. */
function contentsOf(paths) {
  const hash = createHash('sha256').update(process.version);
  for (const path of filesOf(paths))
    if (!/\.test\.tsx?$/.test(path)) hash.update(`\n${path}\n`).update(readFileSync(join(TOP, path)));
  return hash.digest('hex');
}

/** @returns a digest of names, sizes and times of the files in a folder, so that files of another build are noticed. */
function statesOf(folder) {
  const hash = createHash('sha256');
  for (const path of filesOf([folder])) {
    if (folder !== PAGE && path.startsWith(`${PAGE}/`)) continue;
    const { size, mtimeMs } = statSync(join(TOP, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function filesOf(paths) {
  return paths.flatMap((path) => {
    if (!existsSync(join(TOP, path))) return [];
    if (!statSync(join(TOP, path)).isDirectory()) return [path];
    return filesOf(
      readdirSync(join(TOP, path))
        .toSorted()
        .map((name) => `${path}/${name}`),
    );
  });
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
