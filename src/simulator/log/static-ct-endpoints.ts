import { constants, gzipSync } from 'node:zlib';
import { TILE_WIDTH } from './merkle-tree.js';
import { htmlReply, withValidators } from './reply.js';
import type { Reply } from './reply.js';
import type { LogHistory } from './log-history.js';
import { editedEntries, type LogRequestContext } from './request-context.js';
import { checkpointNote } from './tree-head.js';

const IMMUTABLE = 'public, max-age=604800, immutable';
const MAX_TILE_LEVEL = 5;
/** Number of cached tiles. Every client requests a tile once, at about the same time. */
const CACHED_TILES = 4;
/** The data tiles that were requested last, by path, the newest last. */
const tileCaches = new WeakMap<LogHistory, Map<string, Buffer>>();
const TILE_PATH = /^\/tile\/(data|[0-9]{1,2})\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** Answers checkpoint (static-ct-api, "Checkpoints"). */
export function getCheckpoint(context: LogRequestContext): Reply {
  const { log, head } = context;
  const body = Buffer.from(checkpointNote(head, log.origin, log.key.logId));
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' };
  return withValidators({ status: 200, headers, body }, log.options.headValidators, head.timestamp);
}

/** Answers `/tile/data/<N>[.p/<W>]`. */
export function getDataTile(context: LogRequestContext): Reply {
  const tile = parseTilePath(context.path);
  if (!tile || !isServed(context, 0, tile)) return htmlReply(404, 'Not Found');
  const { gzipTiles } = context.log.options;
  const encode = (): Buffer => encodeTile(context, tile, gzipTiles);
  const body = context.entryEdits.length === 0 ? cachedTile(context.history, context.path, encode) : encode();
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Cache-Control': IMMUTABLE,
      ...(gzipTiles && { 'Content-Encoding': 'gzip' }),
    },
    body,
  };
}

function cachedTile(history: LogHistory, path: string, encode: () => Buffer): Buffer {
  const tiles = tileCaches.get(history) ?? new Map<string, Buffer>();
  tileCaches.set(history, tiles);
  const body = tiles.get(path) ?? encode();
  tiles.delete(path);
  tiles.set(path, body);
  if (tiles.size > CACHED_TILES) tiles.delete(tiles.keys().next().value ?? path);
  return body;
}

function encodeTile(context: LogRequestContext, tile: TilePath, gzip: boolean): Buffer {
  const start = tile.index * TILE_WIDTH;
  const edited = editedEntries(context, start, start + tile.width);
  const leaves = edited
    ? edited.map((entry) => entry.tileLeaf)
    : Array.from({ length: tile.width }, (_, i) => context.history.tileLeaf(start + i));
  const body = Buffer.concat(leaves);
  return gzip ? gzipSync(body, { level: constants.Z_BEST_SPEED }) : body;
}

/** Answers `/tile/<L>/<N>[.p/<W>]`. */
export function getHashTile(context: LogRequestContext): Reply {
  const tile = parseTilePath(context.path);
  if (!tile || tile.level > MAX_TILE_LEVEL || !isServed(context, tile.level, tile))
    return htmlReply(404, 'Not Found');
  return {
    status: 200,
    headers: { 'Content-Type': 'application/octet-stream', 'Cache-Control': IMMUTABLE },
    body: context.history.tree.hashTile(tile.level, tile.index, tile.width),
  };
}

/** Answers `/issuer/<lowercase hex of SHA-256>`. */
export function getIssuer(context: LogRequestContext): Reply {
  const der = context.history.issuers.get(context.path.slice('/issuer/'.length));
  if (!der) return htmlReply(404, 'Not Found');
  return {
    status: 200,
    headers: { 'Content-Type': 'application/pkix-cert', 'Cache-Control': IMMUTABLE },
    body: der,
  };
}

interface TilePath {
  /** 0 for data tiles. */
  readonly level: number;
  readonly index: number;
  /** 1 to 256. */
  readonly width: number;
}

function parseTilePath(path: string): TilePath | undefined {
  const match = TILE_PATH.exec(path);
  const [, kind = '', number = '', width = String(TILE_WIDTH)] = match ?? [];
  const groups = number.split('/').map((group) => group.replace('x', ''));
  const hasLeadingZeroGroup = groups.length > 1 && groups[0] === '000';
  if (!match || hasLeadingZeroGroup || (match[3] && Number(width) >= TILE_WIDTH)) return undefined;
  return { level: kind === 'data' ? 0 : Number(kind), index: Number(groups.join('')), width: Number(width) };
}

/**
 * Whether a tile is served: a full tile below the visible size, or a partial tile of a size that a published head
 * had.
 */
function isServed(context: LogRequestContext, level: number, tile: TilePath): boolean {
  const { log, head, history } = context;
  const span = TILE_WIDTH ** level;
  const end = tile.index * TILE_WIDTH + tile.width;
  if (end * span > head.treeSize || !history.tree.hasHashTile(level, tile.index)) return false;
  if (tile.width === TILE_WIDTH) return true;
  const isNowFull = (tile.index + 1) * TILE_WIDTH * span <= head.treeSize;
  if (log.options.partialTilesVanish && isNowFull) return false;
  return log.wasPublished(level, end);
}
