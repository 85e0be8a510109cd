// Assembles the application as the image and the Debian package contain it: the files of the npm package without its documents, and the
// packages that it needs at run time, with the versions of package-lock.json. Run `npm run build` first.
//
//   node deploy/package/assemble.mjs FOLDER [--cpu x64|arm64]
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runtimeManifest, TOP } from './runtime-manifest.mjs';

/** Files of packages that Node never loads: types, source maps, documents, tests. Licences stay. */
const UNUSED =
  /\.(?:d\.[cm]?ts|[cm]?ts|map|md|markdown|flow|tsbuildinfo)$|^\.(?:eslint|npmignore|git|editorconfig|prettier|nycrc|travis)/i;
const LICENCE = /^(?:licen[cs]e|copying|notice)/i;

const { positionals, values } = parseArgs({ allowPositionals: true, options: { cpu: { type: 'string' } } });
if (positionals.length !== 1) {
  process.stderr.write('usage: node deploy/package/assemble.mjs FOLDER [--cpu x64|arm64]\n');
  process.exit(2);
}
const folder = resolve(positionals[0]);
// Builders of images that know no platforms pass an empty text.
const cpu = { amd64: 'x64' }[values.cpu] ?? (values.cpu || process.arch);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
copyPublished();
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(runtimeManifest(), undefined, 2)}\n`);
cpSync(join(TOP, 'package-lock.json'), join(folder, 'package-lock.json'));
const platform = [`--cpu=${cpu}`, '--os=linux', '--libc=glibc'];
npm(
  ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...platform],
  folder,
);
removeUnused(join(folder, 'node_modules'));
removeUnused(join(folder, 'dist'));
rmSync(join(folder, 'package-lock.json'));
chmodSync(join(folder, 'dist/cli/bin.js'), 0o755);

/** Copies the files that `npm pack` would publish, without docs/. */
function copyPublished() {
  const list = npm(['pack', '--dry-run', '--json', '--ignore-scripts'], TOP);
  const { files } = [JSON.parse(list)].flat()[0];
  for (const { path } of files) {
    if (path.startsWith('docs/')) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(TOP, path), join(folder, path));
  }
}

function removeUnused(root) {
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && UNUSED.test(entry.name) && !LICENCE.test(entry.name))
      rmSync(join(entry.parentPath, entry.name));
}

function npm(args, cwd) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 << 20,
  });
}
