import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createServerCertificate } from '../simulator/server-certificate.js';
import type { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-files-'));
  const [mine, other] = [createServerCertificate(['a.example']), createServerCertificate(['b.example'])];
  const files = {
    'cert.pem': mine.certPem,
    'key.pem': mine.keyPem,
    'other-key.pem': other.keyPem,
    'text.txt': 'x',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, 'sub'));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Section = Record<string, unknown>;

/** Problems and warnings, without file and line. */
function check(config: Record<string, Section>): { problems: string[]; warnings: string[] } {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, JSON.stringify(config));
  const bare = (lines: readonly string[]) => lines.map((line) => line.replace(/^.*?\.yaml:\d+: /, ''));
  try {
    return { problems: [], warnings: bare(loadConfig({ path, environment: {} }).warnings) };
  } catch (error) {
    return { problems: bare((error as ConfigError).problems), warnings: [] };
  }
}

const tls = (cert: string, key: string): Section => ({
  cert_path: cert && join(folder, cert),
  cert_key_path: key && join(folder, key),
});

describe('TLS files', () => {
  it('that belong together are accepted, on both listeners', () => {
    expect(check({ webserver: tls('cert.pem', 'key.pem') })).toEqual({ problems: [], warnings: [] });
    expect(
      check({ prometheus: { enabled: true, listen_port: 9090, ...tls('cert.pem', 'key.pem') } }).problems,
    ).toEqual([]);
  });

  it.each([
    ['cert.pem', '', /^webserver\.cert_path: needs cert_key_path/],
    ['', 'key.pem', /^webserver\.cert_key_path: needs cert_path/],
    ['cert.pem', 'other-key.pem', /^webserver\.cert_key_path: .* is not the key of webserver\.cert_path/],
    ['text.txt', 'key.pem', /^webserver\.cert_path: .* contains no PEM certificate/],
    ['cert.pem', 'text.txt', /^webserver\.cert_key_path: .* contains no PEM private key/],
    ['none.pem', 'key.pem', /^webserver\.cert_path: cannot read .*none\.pem": there is no such file/],
    ['cert.pem', 'sub', /^webserver\.cert_key_path: cannot read .*sub": it is a folder/],
  ])('"%s" with "%s" is refused in one line', (cert, key, says) => {
    const { problems } = check({ webserver: tls(cert, key) });
    expect(problems).toEqual([expect.stringMatching(says)]);
  });

  it('of metrics on the port of the webserver must be those of the webserver', () => {
    const shared = { enabled: true, listen_port: 8080, ...tls('cert.pem', 'key.pem') };
    expect(check({ prometheus: shared }).problems).toEqual([
      expect.stringMatching(/^prometheus\.cert_path: has no effect/),
    ]);
    expect(check({ prometheus: shared, webserver: tls('cert.pem', 'key.pem') }).problems).toEqual([]);
  });

  it('of disabled metrics are not checked', () => {
    expect(check({ prometheus: tls('none.pem', 'none.pem') }).problems).toEqual([]);
  });
});

describe('files that the server writes', () => {
  it('need not exist yet, and neither do their folders, which the server creates', () => {
    const recovery = (file: string) => ({ general: { recovery: { enabled: true, ct_index_file: file } } });
    expect(check(recovery(join(folder, 'index.json')))).toEqual({ problems: [], warnings: [] });
    expect(check(recovery(join(folder, 'none/index.json')))).toEqual({ problems: [], warnings: [] });
    expect(check(recovery(join(folder, 'sub'))).problems).toEqual([
      expect.stringMatching(/sub" is a folder; name a file/),
    ]);
  });

  it('cannot be below a file, nor can the folders for evidence and the journal', () => {
    const file = join(folder, 'cert.pem');
    const recovery = { enabled: true, ct_index_file: join(file, 'index.json') };
    expect(check({ general: { recovery } })).toEqual({
      problems: [expect.stringMatching(/^general\.recovery\.ct_index_file: .*cert\.pem" is not a folder/)],
      warnings: [],
    });
    const evidence = (path: string) => check({ ct_log: { evidence_dir: path } }).problems;
    for (const path of [file, join(file, 'deeper/still')]) {
      expect(evidence(path)).toEqual([
        expect.stringMatching(/^ct_log\.evidence_dir: .*cert\.pem" is not a folder/),
      ]);
    }
    expect(evidence(join(folder, 'none/evidence'))).toEqual([]);
    const journal = (path: string) => check({ journal: { store: 'disk', path } }).problems;
    expect(journal(file)).toEqual([expect.stringMatching(/^journal\.path: .*cert\.pem" is not a folder/)]);
    expect(journal('')).toEqual([expect.stringMatching(/^journal\.path: is empty/)]);
    expect(journal(join(folder, 'none/journal'))).toEqual([]);
  });

  it('include the state file if the configuration names it', () => {
    const recovery = (file: string) => ({
      general: {
        recovery: { enabled: true, ct_index_file: join(folder, 'index.json'), state_file: file },
      },
    });
    expect(check(recovery(join(folder, 'state.json')))).toEqual({ problems: [], warnings: [] });
    // The server creates the folder.
    expect(check(recovery(join(folder, 'none/state.json')))).toEqual({ problems: [], warnings: [] });
    expect(check(recovery(join(folder, 'sub'))).problems).toEqual([
      expect.stringMatching(/sub" is a folder; name a file/),
    ]);
  });
});
