import zlib from 'node:zlib';
import type { SettingsOf } from '../../config/sections/outputs/outputs.js';
import { readSecret } from '../../config/secret-files.js';
import { readTlsOptions } from '../../config/tls-files.js';
import type { EngineSource } from '../engine/output-engine.js';
import { loadPackage } from '../engine/optional-package.js';
import { OutputError, secretMissing, tlsFileUnusable } from '../output-error.js';
import { KafkaConnection } from './kafka-connection.js';
import { KafkaEngine } from './kafka-engine.js';

/**
 * Checks the settings of an output of type `kafka` and loads the client library.
 * @throws OutputError when the package, a secret or a file is missing, or this Node has no zstd.
 */
export async function kafkaSource(settings: SettingsOf<'kafka'>): Promise<EngineSource> {
  const { name, compression, sasl, tls } = settings;
  if (compression === 'zstd' && !('zstdCompressSync' in zlib))
    throw new OutputError(
      'OUTPUT_NODE_VERSION',
      `compression zstd needs Node 22.15 or newer, and this is ${process.version}; use lz4, or update Node`,
    );
  await readTlsOptions(tls, tlsFileUnusable);
  if (sasl !== undefined && (await readSecret(sasl, 'password', secretMissing)) === undefined)
    throw secretMissing('sasl has no password; set password_file, password_env or password');
  const kafka = await loadPackage(name, ['@platformatic/kafka'], () => import('@platformatic/kafka'));
  return {
    open: async () => new KafkaEngine(await KafkaConnection.open(kafka, settings), settings),
  };
}
