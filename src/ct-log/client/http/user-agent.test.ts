import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../config/config-schema.js';
import { userAgent } from './user-agent.js';

describe('userAgent', () => {
  const config = configSchema.parse({}).ct_log;

  it('names the server, its version and the contact', () => {
    expect(userAgent(config)).toMatch(/^certstream-server-nest\/\d+\.\d+\.\d+/);
    expect(userAgent({ ...config, contact: 'ct@example.net' })).toMatch(/ \(.*ct@example\.net\)$/);
  });

  it('is replaced completely by ct_log.user_agent', () => {
    expect(userAgent({ ...config, user_agent: 'mine/1', contact: 'ct@example.net' })).toBe('mine/1');
  });
});
