import type { CertstreamConfig } from '../../../config/config-schema.js';
import { packageJson } from '../../../kernel/package-json.js';

/**
 * Returns `ct_log.user_agent` or, if that is empty, `certstream-server-nest/<version> (+<homepage>; <contact>)`. Log operators
 * want to know their clients; some limit clients without an address or URL.
 */
export function userAgent(config: CertstreamConfig['ct_log']): string {
  if (config.user_agent !== '') return config.user_agent;
  const { version, homepage } = packageJson();
  const comments: string[] = [];
  if (homepage !== undefined) comments.push(`+${homepage}`);
  if (config.contact !== '') comments.push(config.contact);
  const comment = comments.length === 0 ? '' : ` (${comments.join('; ')})`;
  return `certstream-server-nest/${version}${comment}`;
}
