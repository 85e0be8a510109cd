import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../src/testing/free-port.js';
import { ForeignProcess } from './foreign-process.js';
import type { LogFront } from './real-log.js';

/** Starts Python's file server, which speaks HTTP/1.0. @returns undefined without Python, after one line. */
export async function startPythonFileServer(files: string): Promise<LogFront | undefined> {
  if (spawnSync('python3', ['--version']).status !== 0) {
    console.warn('SKIPPED the file server of Python in test/long/real-logs.test.ts: python3 is missing');
    return undefined;
  }
  const port = await freePort();
  const args = ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', files];
  const process = new ForeignProcess({ command: 'python3', args, port, cwd: files });
  await process.start();
  return { name: 'file server of Python', url: `http://127.0.0.1:${port}`, process };
}

/**
 * Starts nginx, which compresses what it sends.
 * @param locations contents of the `server` block.
 * @returns undefined without nginx, after one line.
 */
export async function startNginx(folder: string, locations: string): Promise<LogFront | undefined> {
  const command = ['nginx', '/usr/sbin/nginx'].find((name) => spawnSync(name, ['-v']).status === 0);
  if (command === undefined) {
    console.warn('SKIPPED nginx in test/long/real-logs.test.ts: run "apt-get install nginx-light"');
    return undefined;
  }
  const port = await freePort();
  const place = join(folder, 'nginx');
  const file = join(place, 'nginx.conf');
  mkdirSync(place);
  writeFileSync(file, configuration(place, port, locations));
  const process = new ForeignProcess({ command, args: ['-p', place, '-c', file], port, cwd: place });
  await process.start();
  return { name: 'nginx', url: `http://127.0.0.1:${port}`, process };
}

function configuration(place: string, port: number, locations: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(place, kind)};`,
  );
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${join(place, 'nginx.pid')};
error_log stderr;
events {}
http {
  access_log off;
${temporary.join('\n')}
  default_type application/octet-stream;
  sendfile on;
  gzip on;
  gzip_min_length 0;
  gzip_types application/octet-stream application/json;
  server {
    listen 127.0.0.1:${port};
    ${locations}
  }
}
`;
}
