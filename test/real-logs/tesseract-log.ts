import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/testing/free-port.js';
import { ForeignProcess } from './foreign-process.js';
import type { LogFront, PublishedHead, RealLog, RealLogPlace } from './real-log.js';
import { startNginx, startPythonFileServer } from './web-servers.js';

const ORIGIN = 'tesseract.example/2026';

/** The static-ct-api log TesseraCT. It writes its files into a folder, which other programs serve. */
export class TesseractLog implements RealLog {
  readonly name = 'TesseraCT';
  readonly protocol = 'tiled';
  readonly path = '';
  readonly hasEmptyExtensions = false;
  readonly publicKey;
  readonly config;
  readonly submissionUrl: string;
  readonly process: ForeignProcess;
  private readonly files: string;

  private constructor(
    private readonly place: RealLogPlace,
    private readonly port: number,
  ) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { program, folder, rootsPem } = place;
    const key = join(folder, 'log-key.pem');
    const roots = join(folder, 'roots.pem');
    this.publicKey = publicKey;
    this.config = { submission_url: `https://${ORIGIN}` };
    this.submissionUrl = `http://127.0.0.1:${port}`;
    this.files = join(folder, 'log');
    mkdirSync(this.files);
    writeFileSync(key, privateKey.export({ type: 'sec1', format: 'pem' }));
    writeFileSync(roots, rootsPem);
    const options = {
      private_key: key,
      roots_pem_file: roots,
      origin: ORIGIN,
      storage_dir: this.files,
      http_endpoint: `127.0.0.1:${port}`,
      checkpoint_interval: '400ms',
      // Partial tiles disappear soon after the full tile is there.
      garbage_collection_interval: '1s',
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    this.process = new ForeignProcess({ command: program, args, port, cwd: folder });
  }

  static async start(place: RealLogPlace): Promise<TesseractLog> {
    const log = new TesseractLog(place, await freePort());
    await log.process.start();
    return log;
  }

  head(): Promise<PublishedHead> {
    const [, size, rootHash] = readFileSync(join(this.files, 'checkpoint'), 'utf8').split('\n');
    return Promise.resolve({ size: Number(size), rootHash: Buffer.from(rootHash, 'base64') });
  }

  async startFronts(): Promise<readonly LogFront[]> {
    const { files, port, place } = this;
    const locations = `root ${files};
    location /ct/v1/ { client_max_body_size 4m; proxy_pass http://127.0.0.1:${port}; }`;
    const fronts = [await startPythonFileServer(files), await startNginx(place.folder, locations)];
    return fronts.filter((front) => front !== undefined);
  }

  async close(): Promise<void> {
    await this.process.end();
  }
}
