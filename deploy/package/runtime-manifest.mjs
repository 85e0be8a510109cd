import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The top folder of the repository. */
export const TOP = resolve(import.meta.dirname, '../..');

/**
 * Returns the package.json of an installation. The peers become dependencies in the versions that are tested here, so that `npm ci`
 * installs them from package-lock.json.
 */
export function runtimeManifest() {
  const manifest = JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8'));
  const {
    devDependencies: tested,
    peerDependencies: peers,
    overrides,
    scripts: _scripts,
    ...rest
  } = manifest;
  const dependencies = { ...rest.dependencies };
  for (const name of Object.keys(peers)) dependencies[name] = tested[name];
  delete rest.peerDependenciesMeta;
  const needed = Object.entries(overrides).filter(([, version]) => typeof version === 'string');
  return { ...rest, dependencies, overrides: Object.fromEntries(needed) };
}
