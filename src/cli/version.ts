import { packageJson } from '../kernel/package-json.js';

/** Text of `--version`. */
export function versionText(): string {
  return `certstream-server-nest v${packageJson().version}`;
}
