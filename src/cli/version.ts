import { packageVersion } from '../kernel/package-version.js';

/** What `--version` prints. */
export function versionText(): string {
  return `certstream-server-nest v${packageVersion()}`;
}
