import { readFileSync } from 'node:fs';

/** The fields of the package.json of this package that the server reads. */
export interface PackageJson {
  readonly version: string;
  readonly homepage?: string;
}

// Read when the process starts: later, an upgrade in place may have removed the file.
const known = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageJson;

/** Returns the package.json of this package as it was when the process started. */
export function packageJson(): PackageJson {
  return known;
}
