import { gzipSync } from 'node:zlib';
import type { Endpoint } from './request-log.js';
import { errorReply, htmlReply, RequestError } from './reply.js';
import type { Reply } from './reply.js';
import type { LogRequestContext } from './request-context.js';
import * as rfc6962 from './rfc6962-endpoints.js';
import * as staticCt from './static-ct-endpoints.js';
import type { SimulatedLogProtocol } from './simulated-log-options.js';

type Handler = (context: LogRequestContext) => Reply;

const HANDLERS: Partial<Record<Endpoint, Handler>> = {
  'get-sth': rfc6962.getSth,
  'get-entries': rfc6962.getEntries,
  'get-sth-consistency': rfc6962.getSthConsistency,
  'get-proof-by-hash': rfc6962.getProofByHash,
  'get-entry-and-proof': rfc6962.getEntryAndProof,
  'get-roots': rfc6962.getRoots,
  checkpoint: staticCt.getCheckpoint,
  'tile-data': staticCt.getDataTile,
  'tile-hash': staticCt.getHashTile,
  issuer: staticCt.getIssuer,
};

/** Returns the endpoint of a path. @param path below the base URL of the log, with a leading slash. */
export function endpointOf(path: string, protocol: SimulatedLogProtocol): Endpoint {
  return (
    (protocol !== 'static-ct' && rfc6962Endpoint(path)) ||
    (protocol !== 'rfc6962' && tileEndpoint(path)) ||
    'unknown'
  );
}

function rfc6962Endpoint(path: string): Endpoint | undefined {
  const name = path.startsWith('/ct/v1/') ? path.slice('/ct/v1/'.length) : '';
  return name.startsWith('get-') && name in HANDLERS ? (name as Endpoint) : undefined;
}

function tileEndpoint(path: string): Endpoint | undefined {
  if (path === '/checkpoint') return 'checkpoint';
  if (path.startsWith('/tile/data/')) return 'tile-data';
  if (path.startsWith('/tile/')) return 'tile-hash';
  return path.startsWith('/issuer/') ? 'issuer' : undefined;
}

/** Returns the answer of a log, with no faults other than those that changed the context. */
export function answer(context: LogRequestContext): Reply {
  const handler = HANDLERS[context.endpoint];
  if (!handler) return htmlReply(404, 'Not Found');
  if (context.method !== 'GET' && context.method !== 'HEAD') return errorReply(405, 'only GET is allowed');
  try {
    return compressed(handler(context), context);
  } catch (error) {
    if (error instanceof RequestError) return errorReply(error.status, error.message);
    throw error;
  }
}

function compressed(reply: Reply, context: LogRequestContext): Reply {
  const accepts = /\bgzip\b/.test(context.headers['accept-encoding'] ?? '');
  if (!context.log.options.gzipPages || !accepts || reply.headers['Content-Encoding']) return reply;
  if (!context.path.startsWith('/ct/v1/')) return reply;
  return { ...reply, headers: { ...reply.headers, 'Content-Encoding': 'gzip' }, body: gzipSync(reply.body) };
}
