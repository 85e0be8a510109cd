import { access, constants } from 'node:fs/promises';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { messageOf } from '../../kernel/certstream-error.js';
import { type Clock, systemClock } from '../../kernel/clock.js';
import { Turns } from '../../kernel/turns.js';
import type { EngineSource, OutputEngine } from '../engine/output-engine.js';
import { OutputError } from '../output-error.js';
import { FileEngine } from './file-engine.js';
import { OutputFolder } from './output-folder.js';
import { HAS_ZSTD } from './zstd-frames.js';

const MEBIBYTE = 2 ** 20;
const MINUTE_MS = 60_000;
/** One sync of the disk for all entries of a second. */
const LINGER_MS = 1000;
const LIMIT = { bytes: 4 * MEBIBYTE, records: 4096 };

/** Files in a folder. @throws OutputError without zstd in Node, or for a folder that cannot be written. */
export async function fileSource(settings: SettingsOf<'file'>, clock = systemClock): Promise<EngineSource> {
  const { name, path, compression } = settings;
  if (compression === 'zstd' && !HAS_ZSTD)
    throw new OutputError(
      'OUTPUT_NODE_VERSION',
      `compression: zstd needs Node 22.15 or newer, and this is ${process.version}; use gzip or a newer Node`,
    );
  try {
    await access(path, constants.W_OK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new OutputError(
        'OUTPUT_FOLDER_UNWRITABLE',
        `the folder ${path} cannot be written: ${messageOf(cause)}`,
        {
          cause,
        },
      );
  }
  const keepBytes = settings.keep_gb * 1024 * MEBIBYTE;
  return new FileSource(new OutputFolder({ path, prefix: name, compression, keepBytes }), settings, clock);
}

class FileSource implements EngineSource {
  readonly limit = LIMIT;
  readonly lingerMs = LINGER_MS;
  private engine: FileEngine | undefined;
  private readonly turns = new Turns();

  constructor(
    private readonly folder: OutputFolder,
    private readonly settings: SettingsOf<'file'>,
    private readonly clock: Clock,
  ) {}

  start(): Promise<void> {
    return this.folder.reserve();
  }

  /** The files of the last engine are finished first, so that two engines never write at the same time. */
  open(signal: AbortSignal): Promise<OutputEngine> {
    return this.turns.run(async () => {
      await this.engine?.close();
      signal.throwIfAborted();
      await this.folder.reserve();
      await this.folder.sealLeft(signal);
      const { rotate_minutes: minutes, rotate_mb: megabytes } = this.settings;
      const rotation = { periodMs: minutes * MINUTE_MS, bytes: megabytes * MEBIBYTE };
      return (this.engine = new FileEngine(this.folder, rotation, this.clock));
    });
  }

  close(): Promise<void> {
    return this.turns.run(async () => {
      await this.engine?.close();
      await this.folder.release();
    });
  }
}
