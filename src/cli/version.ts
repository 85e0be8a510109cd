import { readFileSync } from 'node:fs';

/** `certstream-server-nest v<version>`, from package.json. */
export function versionText(): string {
  const path = new URL('../../package.json', import.meta.url);
  const { name, version } = JSON.parse(readFileSync(path, 'utf8')) as { name: string; version: string };
  return `${name} v${version}`;
}
