import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder, replaceFile } from '../../kernel/atomic-file.js';
import { readBoundedFile } from '../../kernel/bounded-file.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';

/** A downloaded log list and its signature, both unchanged. */
export interface SignedLogList {
  readonly list: Buffer;
  /** Absent when signatures are not verified. */
  readonly signature?: Buffer;
}

/** Maximum number of colons, commas and brackets of a cache file; a written one has six. */
const MAX_STRUCTURE = 64;
/** Size of the largest cache file: a list of 16 MiB in base64, and its signature. */
const MAX_BYTES = 32 * 1024 * 1024;

const cacheSchema = z.object({ url: z.string(), list: z.string(), signature: z.string().optional() });

/** Returns `log_list.cache_file` or, if that is empty, a path in the user's cache folder. */
export function logListCachePath(configured: string, env: NodeJS.ProcessEnv = process.env): string {
  if (configured !== '') return configured;
  const folder = env['XDG_CACHE_HOME'] || env['LOCALAPPDATA'] || join(homedir(), '.cache');
  return join(folder, 'certstream-server-nest', 'log_list.json');
}

/** Reads the list that was downloaded from `url`. @returns undefined without a valid cache file of that URL. */
export async function readLogListCache(path: string, url: string): Promise<SignedLogList | undefined> {
  try {
    const cached = cacheSchema.parse(
      parseBoundedJson(await readBoundedFile(path, MAX_BYTES), { maxStructure: MAX_STRUCTURE }),
    );
    if (cached.url !== url) return undefined;
    const list = Buffer.from(cached.list, 'base64');
    return cached.signature === undefined
      ? { list }
      : { list, signature: Buffer.from(cached.signature, 'base64') };
  } catch {
    return undefined;
  }
}

/** Writes list and signature into one file, so that they always belong together. */
export async function writeLogListCache(
  path: string,
  url: string,
  { list, signature }: SignedLogList,
): Promise<void> {
  await makeFolder(dirname(path));
  const cached = { url, signature: signature?.toString('base64'), list: list.toString('base64') };
  await replaceFile(path, JSON.stringify(cached));
}
