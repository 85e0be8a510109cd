import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '../../src/testing/free-port.js';
import { ForeignProcess } from './foreign-process.js';
import type { LogFront, PublishedHead, RealLog, RealLogPlace } from './real-log.js';
import { startNginx } from './web-servers.js';

const DEBIAN = '/usr/lib/postgresql';
const PREFIX = '/ctfe';
const USER = 'trillian';

/** Returns the folder with the programs of PostgreSQL; undefined after one line if it is not installed. */
export function findPostgres(): string | undefined {
  const versions = existsSync(DEBIAN)
    ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin'))
    : [];
  const found = versions.find((folder) => existsSync(join(folder, 'initdb')));
  if (found === undefined)
    console.warn('SKIPPED ctfe in test/long/real-logs.test.ts: run "apt-get install postgresql"');
  return found;
}

/** PostgreSQL in a folder of its own. It does not run as root, so root gives it the user `postgres`. */
class PostgresServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'real-logs-postgres-'));
  readonly process: ForeignProcess;
  private readonly uid: number | undefined;

  constructor(
    private readonly programs: string,
    private readonly port: number,
  ) {
    this.uid = process.getuid?.() === 0 ? Number(this.run('id', ['-u', 'postgres'])) : undefined;
    if (this.uid !== undefined) chownSync(this.folder, this.uid, this.uid);
    const args = ['-D', join(this.folder, 'data'), '-h', '127.0.0.1', '-p', String(port), '-k', '', '-F'];
    this.process = new ForeignProcess({
      command: join(programs, 'postgres'),
      args,
      port,
      cwd: this.folder,
      uid: this.uid,
    });
  }

  get url(): string {
    return `postgresql://${USER}@127.0.0.1:${this.port}/postgres?sslmode=disable`;
  }

  /** Starts the server with an empty database that has a schema. */
  async start(schema: string): Promise<void> {
    const data = join(this.folder, 'data');
    this.run(join(this.programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', USER, '--no-sync'], this.uid);
    await this.process.start();
    this.run(join(this.programs, 'psql'), ['-q', '-v', 'ON_ERROR_STOP=1', '-d', this.url, '-f', schema]);
  }

  async close(): Promise<void> {
    await this.process.end('SIGINT');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(command: string, args: readonly string[], uid?: number): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      uid,
      cwd: this.folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
    return stdout;
  }
}

/** The RFC 6962 log of the certificate-transparency-go project: CTFE with Trillian over PostgreSQL. */
export class CtfeLog implements RealLog {
  readonly name = 'CTFE';
  readonly protocol = 'rfc6962';
  readonly path = PREFIX;
  readonly hasEmptyExtensions = true;
  readonly publicKey;
  readonly config = {};
  readonly submissionUrl: string;
  readonly process: ForeignProcess;

  private constructor(
    private readonly place: RealLogPlace,
    private readonly port: number,
    private readonly database: PostgresServer,
  ) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { program, folder, rootsPem } = place;
    const [roots, config] = [join(folder, 'roots.pem'), join(folder, 'ctfe.cfg')];
    this.publicKey = publicKey;
    this.submissionUrl = `http://127.0.0.1:${port}`;
    writeFileSync(roots, rootsPem);
    const [privateDer, publicDer] = [
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      publicKey.export({ type: 'spki', format: 'der' }),
    ].map(escaped);
    writeFileSync(
      config,
      `prefix: "${PREFIX.slice(1)}"
roots_pem_file: ${JSON.stringify(roots)}
private_key: { [type.googleapis.com/keyspb.PrivateKey] { der: "${privateDer}" } }
public_key: { der: "${publicDer}" }
max_merge_delay_sec: 86400
expected_merge_delay_sec: 1
`,
    );
    const args = ['-database', database.url, '-log_config', config, '-http_endpoint', `127.0.0.1:${port}`];
    this.process = new ForeignProcess({ command: program, args, port, cwd: folder });
  }

  /** @param postgres folder with the programs of PostgreSQL. */
  static async start(place: RealLogPlace, postgres: string): Promise<CtfeLog> {
    const database = new PostgresServer(postgres, await freePort());
    await database.start(join(dirname(place.program), 'storage.sql'));
    const log = new CtfeLog(place, await freePort(), database);
    try {
      await log.process.start();
    } catch (error) {
      await log.close();
      throw error;
    }
    return log;
  }

  async head(): Promise<PublishedHead> {
    const answer = await fetch(`${this.submissionUrl}${PREFIX}/ct/v1/get-sth`);
    const head = (await answer.json()) as { tree_size: number; sha256_root_hash: string };
    return { size: head.tree_size, rootHash: Buffer.from(head.sha256_root_hash, 'base64') };
  }

  async startFronts(): Promise<readonly LogFront[]> {
    const { port, place, submissionUrl } = this;
    const locations = `location / { client_max_body_size 4m; proxy_pass http://127.0.0.1:${port}; }`;
    const nginx = await startNginx(place.folder, locations);
    const direct = { name: 'CTFE itself', url: submissionUrl + PREFIX };
    return nginx === undefined ? [direct] : [direct, { ...nginx, url: nginx.url + PREFIX }];
  }

  async close(): Promise<void> {
    await this.process.end();
    await this.database.close();
  }
}

/** Returns bytes for a string of a text protocol buffer. */
function escaped(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
