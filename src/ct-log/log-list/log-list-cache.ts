import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../kernel/atomic-file.js';
import { parseBoundedJson } from '../../kernel/bounded-json.js';

/** A log list with its signature, as they were downloaded. */
export interface SignedLogList {
  readonly list: Buffer;
  /** Absent when signatures are not verified. */
  readonly signature?: Buffer;
}

/** Colons, commas and brackets: six are written. */
const MAX_STRUCTURE = 64;

const cacheSchema = z.object({ url: z.string(), list: z.string(), signature: z.string().optional() });

/** `log_list.cache_file`, else a file in the user's cache folder. */
export function logListCachePath(configured: string, env: NodeJS.ProcessEnv = process.env): string {
  if (configured !== '') return configured;
  const folder = env['XDG_CACHE_HOME'] || env['LOCALAPPDATA'] || join(homedir(), '.cache');
  return join(folder, 'certstream-server-nest', 'log_list.json');
}

/** The list that was downloaded from `url`, or undefined: no file, another list, or not ours. */
export async function readLogListCache(path: string, url: string): Promise<SignedLogList | undefined> {
  try {
    const cached = cacheSchema.parse(parseBoundedJson(await readFile(path), { maxStructure: MAX_STRUCTURE }));
    if (cached.url !== url) return undefined;
    const list = Buffer.from(cached.list, 'base64');
    return cached.signature === undefined
      ? { list }
      : { list, signature: Buffer.from(cached.signature, 'base64') };
  } catch {
    return undefined;
  }
}

/** List and signature go into one file, so that they always belong together. */
export async function writeLogListCache(
  path: string,
  url: string,
  { list, signature }: SignedLogList,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const cached = { url, signature: signature?.toString('base64'), list: list.toString('base64') };
  await replaceFile(path, JSON.stringify(cached));
}
