import { type ConfigLayout, OWN_LAYOUT } from './config-layout.js';

export type ConfigPath = readonly (string | number)[];

/** The values of a configuration as they were written, before the schema checks them. */
export interface ConfigTree {
  [key: string]: unknown;
}

type Names = Readonly<Record<string, string | undefined>>;

interface Problem {
  readonly text: string;
  readonly line?: number;
  /** undefined if the problem belongs to no key */
  readonly path?: ConfigPath;
}

/** `general.additional_logs[0].url` */
export function pathText(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

export function isTree(value: unknown): value is ConfigTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lineOrLast({ line }: Problem): number {
  return line ?? Number.MAX_SAFE_INTEGER;
}

/** Collects values, problems and warnings while a configuration is put together. */
export class ConfigDraft {
  readonly data: ConfigTree;
  readonly #variables = new Map<string, string>();
  /** Entries of lists that are written elsewhere in the file. */
  readonly #moved = new WeakMap<object, { readonly path: ConfigPath; readonly names: Names }>();
  readonly #problems: Problem[] = [];
  readonly #warnings: string[] = [];

  /**
   * @param file name of the file for messages; undefined when there is no file
   * @param lineOf returns the line of the key at a path, or of the innermost enclosing key that has one
   * @param layout keys that the configuration may have
   */
  constructor(
    readonly file?: string,
    data: ConfigTree = {},
    private readonly lineOf: (path: ConfigPath) => number | undefined = () => undefined,
    readonly layout: ConfigLayout = OWN_LAYOUT,
  ) {
    this.data = data;
  }

  get(path: ConfigPath): unknown {
    let value: unknown = this.data;
    for (const part of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
      value = (value as Record<string | number, unknown>)[part];
    }
    return value;
  }

  /** Sets a value from an environment variable. Later messages about the value name the variable. */
  setFromVariable(path: readonly string[], value: unknown, variable: string): void {
    let tree = this.data;
    for (const part of path.slice(0, -1)) {
      const child = Object.hasOwn(tree, part) ? tree[part] : undefined;
      if (isTree(child)) tree = child;
      else tree = tree[part] = {} as ConfigTree;
    }
    tree[path.at(-1)!] = value;
    this.#variables.set(pathText(path), variable);
  }

  delete(path: ConfigPath): void {
    const parent = this.get(path.slice(0, -1));
    const last = path.at(-1)!;
    if (Array.isArray(parent) && typeof last === 'number') parent.splice(last, 1);
    else if (isTree(parent)) delete parent[last];
  }

  /**
   * Says that an entry of a list was made from a mapping at another path of the file. Messages about the entry name that path.
   * @param names the keys there of keys of the entry that have another name.
   */
  moved(entry: object, path: ConfigPath, names: Names): void {
    this.#moved.set(entry, { path, names });
  }

  /** Adds a problem. `text` continues the line after the name of the key. */
  problem(path: ConfigPath, text: string): void {
    this.rawProblem(path, path.length === 0 ? text : `${pathText(this.#written(path))}: ${text}`);
  }

  /** Adds a problem whose `text` names the key itself. */
  rawProblem(path: ConfigPath, text: string): void {
    const { where, line } = this.#locate(path);
    this.#add({ text: where === '' ? text : `${where}: ${text}`, line, path });
  }

  /** Adds a problem of the environment that belongs to no key. */
  environmentProblem(text: string): void {
    this.#add({ text });
  }

  warn(path: ConfigPath, text: string): void {
    const { where } = this.#locate(path);
    const full = [where, pathText(this.#written(path)), text].filter((part) => part !== '').join(': ');
    if (!this.#warnings.includes(full)) this.#warnings.push(full);
  }

  /** Whether there is a problem with the value at `path`, with a section or list around it, or with a part of it. */
  hasProblemAt(path: ConfigPath): boolean {
    return this.#problems.some((problem) =>
      problem.path?.every((part, depth) => depth >= path.length || part === path[depth]),
    );
  }

  /** Adds a problem at the first of `paths`, unless one of them already has a problem. */
  problemUnlessKnown(paths: readonly ConfigPath[], text: string): void {
    if (!paths.some((path) => this.hasProblemAt(path))) this.problem(paths[0], text);
  }

  /** One line per problem, in the order of the file; problems of variables come last. */
  get problems(): string[] {
    return this.#problems.toSorted((a, b) => lineOrLast(a) - lineOrLast(b)).map((problem) => problem.text);
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  #add(problem: Problem): void {
    if (!this.#problems.some((known) => known.text === problem.text)) this.#problems.push(problem);
  }

  /** The path in the file of a path in the data. */
  #written(path: ConfigPath): ConfigPath {
    const [list, index, key, ...rest] = path;
    const entry = typeof index === 'number' ? this.get([list, index]) : undefined;
    const moved = typeof entry === 'object' && entry !== null ? this.#moved.get(entry) : undefined;
    if (moved === undefined) return path;
    if (key === undefined) return moved.path;
    const name = moved.names[key];
    return name === undefined ? [...moved.path, key, ...rest] : [...moved.path, name];
  }

  #locate(position: ConfigPath): { where: string; line?: number } {
    const path = this.#written(position);
    for (let length = path.length; length > 0; length--) {
      const variable = this.#variables.get(pathText(path.slice(0, length)));
      if (variable) return { where: variable };
    }
    if (this.file === undefined) return { where: '' };
    const line = this.lineOf(path);
    return line === undefined ? { where: this.file } : { where: `${this.file}:${line}`, line };
  }
}
