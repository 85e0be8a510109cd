/**
 * Runs every program of docs/consumers.md against the CT log simulator. Languages that this machine lacks are named, with the way to
 * get them. They are not an error.
 *
 *   npm run test:consumers [-- <part of a name> ...]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TestSystem } from '../../src/testing/test-system.js';
import { Chromium, findChromium } from '../support/chromium.js';
import { type ExampleProgram, ExamplePrograms, exampleText } from './example-programs.js';

const TOKEN = 'consumer-examples-0123456789';
const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.some((part) => name.includes(part));

/** A server that follows a log. Its log grows while an example runs. */
class GrowingSystem {
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    readonly system: TestSystem,
    readonly address: string,
  ) {}

  static async start(auth: Record<string, unknown> = {}): Promise<GrowingSystem> {
    const webserver = { listen_addr: '127.0.0.1', compression_enabled: true };
    const system = await TestSystem.start({ logs: [{ name: 'log' }], config: { webserver, auth } });
    return new GrowingSystem(system, new URL(system.url).host);
  }

  get log() {
    return this.system.simulator.log('log');
  }

  /** Publishes entries from now on, and waits for the first of them. */
  async grow(): Promise<void> {
    this.timer ??= setInterval(() => this.publish(5), 50);
    await this.system.eventually(
      () => (this.system.followed(this.log)?.counters.entries ?? 0) > 200,
      'entries',
    );
  }

  pause(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  publish(entries: number): void {
    this.log.append(entries);
    this.log.publish();
  }

  async close(): Promise<void> {
    this.pause();
    await this.system.close();
  }
}

function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

/** The names in a line that an example prints, whatever its language prints around them. */
const namesIn = (line: string): string =>
  line
    .replace(/^\[|\]$/g, '')
    .split(' ')
    .filter((word) => word.includes('.'))
    .join(' ');

type Scenario = (program: ExampleProgram, open: GrowingSystem, closed: GrowingSystem) => Promise<void>;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  connect: (program, open) => printed(program, open, /example/, 5),
  watch: (program, open) => printed(program, open, /(delta|indigo|juniper)-/, 3),
  'access-token': (program, _open, closed) => printed(program, closed, /example\.com/, 5),

  async history(program, { address }) {
    const running = program.start(address);
    await running.end();
    check(running.lines.length === 100, `it printed ${running.lines.length} lines instead of 100`);
  },

  async control(program, { address }) {
    const running = program.start(address);
    await running.end();
    const answers = running.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const kinds = answers.map(({ message_type: kind }) => kind as string).join(' ');
    const expected = 'subscribed subscribed subscribed subscribed error subscribed status';
    check(kinds === expected, `the answers are ${kinds}`);
    check(answers[4].data.code === 'FILTER_REGEX', `the error is ${answers[4].data.code}`);
    check(answers[6].data.filter.keyword[0] === 'juniper', 'the filter is not the last one');
    check(answers[2].data.paused === true && answers[3].data.paused === false, 'it does not pause');
  },

  async resume(program, open) {
    const { system, address } = open;
    const witness = await system.connect('/?domain=example.com');
    const all = () => witness.updates().map(({ data }) => data.leaf_cert.all_domains.join(' '));
    const first = program.start(address);
    await first.until(({ length }) => length >= 5);
    await first.kill();
    const missed = witness.frames.length + 20;
    await witness.until(({ frames }) => frames.length >= missed);
    const second = program.start(address);
    await second.until(({ length }) => length >= 40);
    await second.kill();
    await witness.until(({ frames }) => frames.length >= missed + 20);
    await witness.close();
    const [before, after] = [first, second].map(({ lines }) => lines.map(namesIn));
    // If the program was killed after it printed a line and before it saved the cursor, the line comes again.
    const isComplete = [after, after.slice(1)].some((rest) => isPartOf(all(), [...before, ...rest]));
    check(isComplete, 'it misses or repeats certificates');
    if (program.name.startsWith('shell/')) return;
    writeFileSync(join(second.folder, 'cursor.txt'), 'of-another-server.1.1.0');
    const third = program.start(address);
    try {
      await third.until(({ length }) => length >= 1);
    } finally {
      await third.kill();
    }
  },
};

function isPartOf(all: readonly string[], part: readonly string[]): boolean {
  return all.some((_names, from) => part.every((names, i) => names === all[from + i]));
}

async function printed(
  program: ExampleProgram,
  { address }: GrowingSystem,
  pattern: RegExp,
  count: number,
): Promise<void> {
  const running = program.start(address);
  try {
    await running.until(({ length }) => length >= count);
    const other = running.lines.find((line) => !pattern.test(line));
    check(other === undefined, `it printed ${other}`);
  } finally {
    await running.kill();
  }
}

/** Opens the page in Chromium and loads it again. */
async function browse({ system, address }: GrowingSystem, folder: string): Promise<string> {
  const command = findChromium();
  if (command === undefined)
    return 'SKIPPED  javascript/browser.html: it needs Chromium on the path (Debian: apt-get install chromium) or in CHROMIUM';
  const page = join(folder, 'browser.html');
  writeFileSync(
    page,
    exampleText(join(process.cwd(), 'examples/consumers/javascript/browser.html'), address),
  );
  const browser = await Chromium.open(command, pathToFileURL(page).href);
  try {
    const count = () => browser.evaluate(`document.querySelectorAll('li').length`);
    await system.eventually(async () => Number(await count()) >= 5, 'certificates in the page');
    await browser.evaluate('location.reload()');
    await system.eventually(async () => Number(await count()) >= 5, 'certificates after a reload');
    return 'ok       javascript/browser.html';
  } finally {
    await browser.close();
  }
}

async function main(folder: string): Promise<void> {
  const programs = new ExamplePrograms(folder, TOKEN).install((line) => console.log(`SKIPPED  ${line}`));
  const token = { name: 'team', token: TOKEN, filter: { domain: ['example.com'] } };
  const open = await GrowingSystem.start();
  const closed = await GrowingSystem.start({ tokens: [token] });
  try {
    await Promise.all([open.grow(), closed.grow()]);
    for (const program of programs.filter(({ name }) => isWanted(name))) {
      const scenario = SCENARIOS[program.topic];
      try {
        check(scenario !== undefined, `no test for the topic ${program.topic}`);
        await scenario(program, open, closed);
        console.log(`ok       ${program.name}`);
      } catch (error) {
        process.exitCode = 1;
        console.log(`FAILED   ${program.name}: ${(error as Error).message}`);
      }
    }
    if (isWanted('javascript/browser.html')) console.log(await browse(open, folder));
  } finally {
    await Promise.all([open.close(), closed.close()]);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'certstream-consumers-'));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
