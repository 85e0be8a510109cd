import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildProblem, type BuildStep, pythonIn, pythonSteps } from './foreign-programs.js';

const TOP = process.cwd();
const EXAMPLES = join(TOP, 'examples/consumers');
const ADDRESS = 'localhost:8080';
const LIMIT_MS = 60_000;

/** A program of `examples/consumers`. */
export interface ExampleProgram {
  /** Such as `python/connect.py`. */
  readonly name: string;
  /** The name without language and extension, such as `connect`. */
  readonly topic: string;
  /** Starts the program with the server at an address instead of `localhost:8080`. */
  start(address: string): RunningProgram;
}

/** A program that runs, in a process group of its own. */
export class RunningProgram {
  private text = '';
  private errors = '';
  private readonly child;
  private readonly ended: Promise<unknown>;

  constructor(
    [program, ...args]: readonly string[],
    readonly folder: string,
    env: Record<string, string>,
  ) {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.ended = once(child, 'close');
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
  }

  /** The complete lines of the standard output. */
  get lines(): readonly string[] {
    return this.text.split('\n').slice(0, -1);
  }

  /** Resolves when the lines fulfil a condition. @throws Error when the program ends before, or after a minute. */
  async until(condition: (lines: readonly string[]) => boolean): Promise<void> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    while (!condition(this.lines)) {
      if (this.child.exitCode !== null) throw this.error('it ended');
      const more = once(this.child.stdout, 'data', { signal });
      await Promise.race([more, this.ended]).catch(() => {
        throw this.error('it printed nothing more');
      });
    }
  }

  /** Resolves when the program has ended by itself. @throws Error for an exit code other than 0. */
  async end(): Promise<void> {
    const timer = setTimeout(() => this.signal(), LIMIT_MS);
    await this.ended;
    clearTimeout(timer);
    if (this.child.exitCode !== 0) throw this.error('it failed');
  }

  /** Ends the program and its children at once. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.signal();
    await this.ended;
  }

  private signal(): void {
    process.kill(-this.child.pid!, 'SIGKILL');
  }

  private error(what: string): Error {
    const [last = 'no error output'] = this.errors.trim().split('\n').slice(-1);
    return new Error(`${what} after ${this.lines.length} lines: ${last}`);
  }
}

interface Language {
  readonly name: string;
  readonly build: readonly BuildStep[];
  /** Steps that run in the folder of an example, such as a compilation. */
  readonly buildExample?: readonly BuildStep[];
  readonly extension: string;
  /** How to get the language when the steps fail. */
  readonly needs: string;
  command(file: string): readonly string[];
}

/** Copies the examples into folders, and starts them with the address of another server. */
export class ExamplePrograms {
  private readonly languages: readonly Language[];
  private readonly env: Record<string, string>;
  private copies = 0;

  /** @param folder for copies, packages and compiled programs. @param token the access token of the programs. */
  constructor(
    private readonly folder: string,
    token: string,
  ) {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const command = join(bin, 'certstream-server');
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(TOP, 'dist/cli/bin.js')}' "$@"\n`);
    chmodSync(command, 0o755);
    symlinkSync(join(TOP, 'node_modules'), join(folder, 'node_modules'));
    this.env = {
      PATH: `${bin}:${process.env['PATH']}`,
      PYTHONUNBUFFERED: '1',
      CERTSTREAM_TOKEN: token,
    };
    this.languages = [
      {
        name: 'python',
        build: pythonSteps(folder, ['websockets']),
        extension: '.py',
        needs: 'Python 3.9 or newer with venv, and pip install websockets',
        command: (file) => [pythonIn(folder), file],
      },
      {
        name: 'javascript',
        build: [['node', '--input-type=module', '-e', 'import "ws"']],
        extension: '.mjs',
        needs: 'npm ci',
        command: (file) => ['node', file],
      },
      {
        name: 'go',
        build: [['go', 'version']],
        buildExample: [
          ['go', 'mod', 'tidy'],
          ['go', 'build', '-o', 'example', '.'],
        ],
        extension: '',
        needs: 'Go 1.23 or newer with access to a module proxy',
        command: () => ['./example'],
      },
      {
        name: 'shell',
        build: [
          ['curl', '--version'],
          ['jq', '--version'],
        ],
        extension: '.sh',
        needs: 'curl and jq',
        command: (file) => ['sh', file],
      },
    ];
  }

  /** Installs what the languages need. @param onSkip is called with one line for each language that this machine lacks. */
  install(onSkip: (line: string) => void): ExampleProgram[] {
    return this.languages.flatMap((language) => {
      const problem = buildProblem(language.build, this.folder);
      if (problem === undefined) return this.programsOf(language);
      onSkip(`${language.name}: ${problem}. It needs ${language.needs}.`);
      return [];
    });
  }

  private programsOf(language: Language): ExampleProgram[] {
    const folder = join(EXAMPLES, language.name);
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) =>
      language.extension === '' ? entry.isDirectory() : entry.name.endsWith(language.extension),
    );
    return files.map(({ name }) => {
      const file = language.extension === '' ? join(name, 'main.go') : name;
      return {
        name: `${language.name}/${file}`,
        topic: (name.split('.')[0] ?? '').replace('_', '-'),
        start: (address) => this.start(language, join(folder, file), address),
      };
    });
  }

  /** Starts a program in a folder of its language and address, where it finds its files again. */
  private start(language: Language, path: string, address: string): RunningProgram {
    const { copy, isNew } = this.copyOf(language, path, address);
    const problem = isNew ? buildProblem(language.buildExample ?? [], copy) : undefined;
    if (problem !== undefined) throw new Error(problem);
    return new RunningProgram(language.command(path.split('/').at(-1)!), copy, this.env);
  }

  private readonly known = new Map<string, string>();

  private copyOf(language: Language, path: string, address: string): { copy: string; isNew: boolean } {
    const known = this.known.get(path + address);
    if (known !== undefined) return { copy: known, isNew: false };
    const copy = join(this.folder, `copy-${this.copies++}`);
    mkdirSync(copy);
    if (language.name === 'go') cpSync(join(EXAMPLES, 'go/go.mod'), join(copy, 'go.mod'));
    writeFileSync(join(copy, path.split('/').at(-1)!), exampleText(path, address));
    this.known.set(path + address, copy);
    return { copy, isNew: true };
  }
}

/** Returns the text of an example with the address of another server. */
export function exampleText(path: string, address: string): string {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(ADDRESS)) throw new Error(`${path} does not connect to ${ADDRESS}`);
  return text.replaceAll(ADDRESS, address);
}
