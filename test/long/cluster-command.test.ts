import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parseStateFile } from '../../src/ct-log/state/state-file.js';
import { type CliResult, startCli } from '../../src/testing/cli-process.js';
import { freePort } from '../../src/testing/free-port.js';
import { TestSystem } from '../../src/testing/test-system.js';
import type { NatsServer } from '../support/brokers/nats-server.js';
import { join as joinCluster } from '../support/cluster-members.js';
import { HAS_NATS, start } from '../support/nats-engine-system.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-cluster-command-'));
  return () => rmSync(folder, { recursive: true });
});

function configFile(config: object): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** Runs `certstream-server cluster`. */
function cluster(...args: string[]): Promise<CliResult> {
  return startCli(['cluster', ...args], { cwd: folder }).ended;
}

describe('certstream-server cluster', () => {
  it('ends with code 2 and one line for a mistake of the user', async () => {
    const alone = configFile({});
    for (const command of [[], ['export-state']]) {
      const { code, out, err } = await cluster(...command, '-c', alone);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err.trim()).toMatch(/^[^\n]*names no cluster; set cluster\.servers[^\n]*$/);
    }
    const wrong = configFile({ cluster: { servers: ['localhost'], replicas: 'three' } });
    for (const command of [[], ['export-state']]) {
      const { code, out, err } = await cluster(...command, '-c', wrong);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain('cluster.replicas');
    }
    expect(await cluster('-c', join(folder, 'missing.yaml'))).toMatchObject({ code: 2, out: '' });
    expect(await cluster('--url', 'nothing:// a url')).toMatchObject({ code: 2, out: '' });
  });

  it('ends with an error and one line if no server answers', async () => {
    const closed = await freePort();
    const webserver = { listen_addr: '127.0.0.1', listen_port: closed };
    const config = configFile({ webserver, cluster: { servers: [`127.0.0.1:${closed}`] } });
    for (const args of [
      ['-c', config],
      ['--url', `http://127.0.0.1:${closed}/`],
    ]) {
      const { code, out, err } = await cluster(...args);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err.trim()).toMatch(
        new RegExp(`^[^\\n]*no server answers at http://127\\.0\\.0\\.1:${closed}[^\\n]*$`),
      );
    }
    const { code, out, err } = await cluster('export-state', '-c', config, '--out', join(folder, 'out.json'));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`127.0.0.1:${closed}`);
    expect(existsSync(join(folder, 'out.json'))).toBe(false);
  });

  it('says that a server works alone', async () => {
    const system = await TestSystem.prepare();
    onTestFinished(() => system.close());
    await system.startServer();
    const { code, out, err } = await cluster('--url', system.url);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('this server works alone; cluster.servers makes it a member of a cluster');
  });
});

describe.skipIf(!HAS_NATS)('certstream-server cluster, of a running member', () => {
  const TOKEN = 'a-token-of-all-the-streams';

  /** Starts a member until the end of the test. @returns it, and the path of its configuration. */
  async function member(
    sections: object = {},
  ): Promise<{ nats: NatsServer; system: TestSystem; config: string }> {
    const nats = await start();
    const system = await TestSystem.prepare({
      logs: [
        { name: 'a', initialEntries: 20 },
        { name: 'b', initialEntries: 20 },
      ],
      config: { ...sections, cluster: { servers: [nats.address], name: 'one', max_gb: 0.25 } },
    });
    onTestFinished(() => system.close());
    await system.startServer();
    await system.following();
    return { nats, system, config: system.configFile(Number(new URL(system.url).port)) };
  }

  it('prints a table, or JSON', async () => {
    const { config } = await member();
    // A member publishes its logs and its lag some time after it follows the logs.
    await expect
      .poll(async () => (await cluster('-c', config)).out)
      .toMatch(
        /^MEMBER +ROLE +VERSION +STARTED +LAG +LOGS +OUTPUTS\none \* +all +\d\S+ +\d\S+Z +0 s +\S.*\n\* connected to NATS; lag \d+ records, 0 s\nstream: records /,
      );
    expect(await cluster('-c', config)).toMatchObject({ code: 0, err: '' });
    const json = await cluster('-c', config, '--json');
    expect(json).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(json.out)).toMatchObject({ members: [{ name: 'one', role: 'all', logs: 2 }] });
  });

  it('tells members with the same name apart', async () => {
    const { nats, system, config } = await member();
    const other = await joinCluster([nats.address], 'one');
    const hasBoth = async (): Promise<boolean> => {
      const { out } = await cluster('-c', config);
      return (
        new RegExp(`^one/(?!${other.cluster.self.id})\\w{16} \\* `, 'm').test(out) &&
        out.includes(`one/${other.cluster.self.id}  `)
      );
    };
    await system.eventually(hasBoth, 'both members in the table');
  });

  it('needs a token that the server knows', async () => {
    const { system, config } = await member({ auth: { tokens: [{ name: 'all', token: TOKEN }] } });
    expect(await cluster('-c', config)).toMatchObject({ code: 0 });
    // The token of the configuration is not sent to a server that --url names.
    const refused = await cluster('-c', config, '--url', system.url);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('answered with status 401');
    expect(await cluster('--url', system.url, '--token', TOKEN)).toMatchObject({ code: 0 });
  });

  it('exports the states of all logs, and overwrites a file only with --force', async () => {
    const { system, config } = await member();
    const out = join(folder, 'ct_state.json');
    // Members save the states every two seconds.
    await system.eventually(async () => {
      const { code } = await cluster('export-state', '-c', config, '--out', out, '--force');
      return code === 0 && parseStateFile(out, readFileSync(out, 'utf8')).logs.size === 2;
    }, 'the states of both logs');
    const before = readFileSync(out, 'utf8');
    const { code, err } = await cluster('export-state', '-c', config, '--out', out);
    expect(code).toBe(2);
    expect(err).toContain('--force');
    expect(readFileSync(out, 'utf8')).toBe(before);
  });
});
