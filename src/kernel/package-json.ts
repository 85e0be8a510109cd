import { readFileSync } from 'node:fs';

/** The fields of the package.json of this package that the server reads. */
export interface PackageJson {
  readonly version: string;
  readonly homepage?: string;
}

let known: PackageJson | undefined;

/** Returns the package.json of this package. The file is read at the first call. */
export function packageJson(): PackageJson {
  known ??= JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageJson;
  return known;
}
