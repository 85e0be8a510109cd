import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningCli, startCli } from '../src/testing/cli-process.js';
import { freePort } from '../src/testing/free-port.js';
import { StreamReader } from '../src/testing/stream-reader.js';

const TOP = join(import.meta.dirname, '..');
const README = readFileSync(join(TOP, 'README.md'), 'utf8');
const MAX_LINES = 200;
const run = promisify(execFile);

/** Language and text of each block of code. */
const blocks = [...README.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text]) => ({
  language,
  text,
}));
const textsIn = (wanted: string): string[] =>
  blocks.filter(({ language }) => language === wanted).map(({ text }) => text);
const lines = textsIn('').flatMap((text) => text.trim().split('\n'));
const yaml = textsIn('yaml');

/** Returns the commands that begin with a word, without the comments after them. */
function commands(start: string): string[] {
  return lines.filter((line) => line.startsWith(start)).map((line) => line.replace(/\s+#.*$/, '').trimEnd());
}

let folder: string;
let port: number;
let demo: RunningCli;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'certstream-readme-'));
  port = await freePort();
  demo = startCli(['demo', '--quiet', '--port', `${port}`, '--rate', '200'], { cwd: folder });
  await demo.printed(/Stop it with/);
});
afterAll(async () => {
  demo.signal('SIGTERM');
  await demo.ended;
  rmSync(folder, { recursive: true, force: true });
});

/** Returns a text with the address of the demo in place of the default address. */
const here = (text: string): string => text.replaceAll('localhost:8080', `localhost:${port}`);

describe('README.md', () => {
  it(`has fewer than ${MAX_LINES} lines`, () => {
    expect(README.split('\n').length).toBeLessThan(MAX_LINES);
  });

  it('has a watch that prints imitations of its three brands', async () => {
    const [watch, ...others] = commands('node dist/cli/bin.js watch ');
    expect(others).toEqual([]);
    const options = watch.split(' ').slice(2);
    const { code, out } = await startCli([...options, here('ws://localhost:8080/'), '--limit', '5'], {
      cwd: folder,
    }).ended;
    expect(code).toBe(0);
    const hits = out.trim().split('\n');
    expect(hits).toHaveLength(5);
    for (const hit of hits)
      expect(hit).toMatch(/"all_domains":\["(\*\.)?(www\.)?(n\d+\.)?(delta|indigo|juniper)-/);
  });

  it('has URLs of streams that send certificates of the domain', async () => {
    const urls = commands('ws://').map((line) => here(line.split(/\s/)[0]));
    expect(urls.length).toBeGreaterThan(1);
    for (const url of urls) {
      const reader = await StreamReader.connect(url);
      const isUpdate = (frame: string): boolean => frame.includes('"certificate_update"');
      await reader.until(({ frames }) => frames.some(isUpdate), url);
      expect(reader.frames.find(isUpdate)).toMatch(/"all_domains":\[[^\]]*example\.com"/);
      await reader.close();
    }
  });

  it('has requests that get three events, and the newest certificates', async () => {
    const curls = commands('curl ');
    expect(curls).toHaveLength(2);
    const [events, latest] = await Promise.all(
      curls.map(async (line) => (await run('sh', ['-c', here(line).replace('curl', 'curl -s')])).stdout),
    );
    expect(events.match(/^data: \{"data":\[/gm)).toHaveLength(3);
    const { messages } = JSON.parse(latest) as { messages: object[] };
    expect(messages.length).toBeGreaterThan(0);
  });

  it('has a command that validates the sample, and sections of a configuration that are valid', async () => {
    const [validate] = commands('node dist/cli/bin.js validate ');
    const sample = validate.split(' ').slice(2);
    expect((await startCli(sample, { cwd: TOP }).ended).code).toBe(0);
    expect(yaml.length).toBeGreaterThan(0);
    for (const [index, text] of yaml.entries()) {
      const file = join(folder, `part-${index}.yaml`);
      writeFileSync(file, text);
      const { code, err } = await startCli(['validate', '-c', file], { cwd: folder }).ended;
      expect({ code, err }).toMatchObject({ code: 0 });
    }
  });
});
