import { packageVersion } from '../kernel/package-version.js';

/** Text of `--version`. */
export function versionText(): string {
  return `certstream-server-nest v${packageVersion()}`;
}
