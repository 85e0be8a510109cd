/**
 * Packs this package, installs the tarball for each example in a folder of its own as a user would, compiles the example with its own
 * TypeScript and runs its tests. Also compiles and runs the TypeScript consumer without any other package. Needs the npm registry. One line per step; ends with 1 at the first step that fails.
 *
 *   npm run test:examples [-- [--built] <example> ...]
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const TOP = join(import.meta.dirname, '..');
const STEP_LIMIT_MS = 300_000;
const INSTALL_TRIES = 3;

const { name: PACKAGE, peerDependencies, peerDependenciesMeta } = readJson(join(TOP, 'package.json'));
/** The oldest version that each peer range allows. */
const OLDEST = Object.fromEntries(
  Object.entries(peerDependencies)
    .filter(([name]) => !peerDependenciesMeta[name]?.optional)
    .map(([name, range]) => [name, /\d+\.\d+\.\d+/.exec(range)[0]]),
);
const RUNS = [
  { example: 'brand-watch' },
  { example: 'nest-host', title: 'newest Nest' },
  {
    example: 'nest-host',
    title: 'oldest Nest',
    versions: OLDEST,
  },
  { example: 'sqlite-output' },
];

const wanted = process.argv.slice(2).filter((name) => name !== '--built');
/** Whether `dist` is the result of a build of this commit already. */
const isBuilt = process.argv.includes('--built');
const folder = mkdtempSync(join(tmpdir(), 'certstream-examples-'));
try {
  const tarball = pack();
  if (wanted.length === 0) runWithoutInstallation(tarball);
  if (wanted.length === 0 || wanted.includes('messages')) await runTypedConsumer(tarball);
  for (const run of RUNS) if (wanted.length === 0 || wanted.includes(run.example)) testExample(tarball, run);
} catch (error) {
  console.error(`FAILED  ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** @returns path of the tarball, which holds neither tests nor benchmarks. */
function pack() {
  if (!isBuilt) step('build', 'npm', ['run', 'build'], TOP);
  const output = step(
    'pack',
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    TOP,
  );
  const [{ filename, files }] = JSON.parse(output);
  const paths = files.map(({ path }) => path);
  const unwanted = paths.filter((path) => /^(bench|src)\/|(^|\/)test\/|\.test\./.test(path));
  if (unwanted.length > 0) throw new Error(`the tarball holds ${unwanted.join(', ')}`);
  return join(folder, basename(filename));
}

function runWithoutInstallation(tarball) {
  const cwd = join(folder, 'empty');
  mkdirSync(cwd);
  const args = ['exec', '--yes', '--package', tarball, '--', 'certstream-server-nest', '--help'];
  const help = step('npx certstream-server-nest --help', 'npm', args, cwd, INSTALL_TRIES);
  if (!/^Usage: certstream-server/m.test(help)) throw new Error(`--help printed ${help}`);
}

/** Compiles the TypeScript consumer with the packed types and nothing else, and runs it against the demo. */
async function runTypedConsumer(tarball) {
  const cwd = join(folder, 'typed-consumer');
  const installed = join(cwd, 'node_modules', PACKAGE);
  mkdirSync(installed, { recursive: true });
  step('messages: unpack', 'tar', ['-xzf', tarball, '--strip-components=1', '-C', installed], cwd);
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.asynciterable', 'dom.iterable'],
    types: [],
  };
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['messages.ts'] }));
  const [port, limit] = [await freePort(), 5];
  const source = readFileSync(join(import.meta.dirname, 'consumers/typescript/messages.ts'), 'utf8');
  writeFileSync(join(cwd, 'messages.ts'), source.replaceAll('localhost:8080', `localhost:${port}`));
  const tsc = join(TOP, 'node_modules/typescript/bin/tsc');
  step('messages: compile without Nest and without types of Node', process.execPath, [tsc, '-p', cwd], cwd);
  const bin = join(TOP, 'dist/cli/bin.js');
  const demo = spawn(process.execPath, [bin, 'demo', '--quiet', '--port', `${port}`], { cwd });
  try {
    let printed = '';
    demo.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
    while (!printed.includes('Stop it with')) {
      if (demo.exitCode !== null) throw new Error(`the demo ended: ${printed}`);
      await Promise.race([once(demo.stdout, 'data'), once(demo, 'exit')]);
    }
    const lines = step('messages: run', process.execPath, ['messages.js'], cwd).trim().split('\n');
    if (lines.length !== limit) throw new Error(`the consumer printed ${lines.length} lines`);
  } finally {
    demo.kill();
    if (demo.exitCode === null) await once(demo, 'exit');
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function testExample(tarball, { example, title, versions = {} }) {
  const label = title === undefined ? example : `${example}, ${title}`;
  const cwd = join(folder, label.replaceAll(/\W+/g, '-'));
  const isSource = (path) => !['node_modules', 'dist', 'package-lock.json'].includes(basename(path));
  cpSync(join(import.meta.dirname, example), cwd, { recursive: true, filter: isSource });
  const manifest = readJson(join(cwd, 'package.json'));
  Object.assign(manifest.dependencies, versions, { [PACKAGE]: `file:${tarball}` });
  writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest));
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline'];
  step(`${label}: install`, 'npm', install, cwd, INSTALL_TRIES);
  const nest = readJson(join(cwd, 'node_modules/@nestjs/core/package.json')).version;
  const wrong = Object.entries(versions).filter(
    ([name, version]) => readJson(join(cwd, 'node_modules', name, 'package.json')).version !== version,
  );
  if (wrong.length > 0) throw new Error(`${label}: other versions are installed of ${wrong.join(', ')}`);
  step(`${label}: compile and test with Nest ${nest}`, 'npm', ['test'], cwd);
}

/** Runs a command and prints one line. @returns its standard output. */
function step(label, command, args, cwd, tries = 1) {
  const start = Date.now();
  // A terminal of npm's own, or the name of this package, would change what npm does in another folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(?!config_)/.test(key)),
  );
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: STEP_LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) {
    console.log(`ok      ${label} (${((Date.now() - start) / 1000).toFixed(0)} s)`);
    return stdout;
  }
  if (tries > 1) {
    console.log(`again   ${label}`);
    return step(label, command, args, cwd, tries - 1);
  }
  throw new Error(
    `${label}: ${error?.message ?? signal ?? `exit code ${status}`}\n${stdout ?? ''}${stderr ?? ''}`,
  );
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
