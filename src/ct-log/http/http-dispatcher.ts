import { createRequire } from 'node:module';
import type { Agent, Dispatcher } from 'undici';
import { CertstreamError } from '../../certstream-error.js';

const require = createRequire(import.meta.url);
const PROXY_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];

/**
 * Connections to any origin, through HTTP_PROXY and HTTPS_PROXY where they are set. Without them only undici's
 * agent is loaded: the rest of undici (fetch, WebSocket, caches) keeps 3 MB of heap.
 * @throws CertstreamError (`CONFIG_PROXY`) when HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy.
 */
export function httpDispatcher(options: Agent.Options): Dispatcher {
  if (!PROXY_VARIABLES.some((name) => process.env[name])) {
    const PlainAgent = require('undici/lib/dispatcher/agent.js') as typeof Agent;
    return new PlainAgent(options);
  }
  const { EnvHttpProxyAgent } = require('undici') as typeof import('undici');
  try {
    return new EnvHttpProxyAgent(options);
  } catch (cause) {
    throw new CertstreamError(
      'CONFIG_PROXY',
      'HTTP_PROXY or HTTPS_PROXY is not the URL of a proxy; write it like http://proxy.example:3128',
      { cause },
    );
  }
}
