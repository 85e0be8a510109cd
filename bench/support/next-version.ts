import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerCommand } from './server-process.js';

/** A copy of the built server that has another version number. */
export interface VersionCopy {
  readonly version: string;
  readonly command: ServerCommand;
  remove(): void;
}

/** Copies the built server. @param root folder of package.json. @param minors what is added to the minor version. */
export function copyWithVersion(root: string, minors: number): VersionCopy {
  const info = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const [major, minor] = info.version.split('.').map(Number);
  const version = `${major}.${minor + minors}.0`;
  const folder = mkdtempSync(join(tmpdir(), 'server-version-'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...info, version }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    version,
    command: {
      node: process.execPath,
      nodeFlags: [],
      bin: join(folder, 'dist/cli/bin.js'),
      environment: {},
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
