import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { SectionSchema } from '../config/config-layout.js';
import type { StartServerOptions } from '../start-server.js';
import { withLateDateFormats } from './late-date-formats.js';
import { UsageError } from './usage-error.js';

/** The modules and the sections of the configuration from the files of `--module`. */
export interface LoadedModules {
  readonly imports: NonNullable<StartServerOptions['imports']>;
  readonly sections: readonly SectionSchema[];
}

type Exports = Readonly<Record<string, unknown>>;

/**
 * Loads ES modules and CommonJS modules. The default export, or the export `module`, must be a module of Nest or a dynamic
 * one. The export `configSections`, an array, contains its sections of the configuration.
 * @param names paths relative to the working folder, or names of packages.
 * @throws UsageError when a module is missing or exports something else.
 */
export async function loadModules(names: readonly string[]): Promise<LoadedModules> {
  const loaded: LoadedModules[] = [];
  // Classes of Nest modules need it when they are defined.
  if (names.length > 0) await import('reflect-metadata');
  for (const name of names) loaded.push(await loadModule(name));
  return {
    imports: loaded.flatMap(({ imports }) => imports),
    sections: loaded.flatMap(({ sections }) => sections),
  };
}

async function loadModule(name: string): Promise<LoadedModules> {
  const exports = await importModule(name);
  // For CommonJS, `default` contains all exports.
  const inner = isObject(exports['default']) ? exports['default'] : {};
  const candidates = [exports['default'], exports['module'], inner['default'], inner['module']];
  const candidate = candidates.find((value) => isModule(value) || value instanceof Promise);
  const module: unknown = await Promise.resolve(candidate).catch((cause: unknown) => {
    throw cannotBeLoaded(name, cause);
  });
  if (!isModule(module))
    throw new UsageError(
      `--module ${name}: neither its default export nor its export "module" is a module of Nest`,
    );
  const sections = exports['configSections'] ?? inner['configSections'] ?? [];
  if (!Array.isArray(sections) || !sections.every(isSection))
    throw new UsageError(
      `--module ${name}: its export "configSections" is not an array of results of defineConfigSection`,
    );
  return { imports: [module], sections };
}

async function importModule(name: string): Promise<Exports> {
  const path = resolve(name);
  const isPath = /^\.{0,2}[/\\]/.test(name);
  if (isPath && !existsSync(path)) throw new UsageError(`--module ${name}: there is no such file`);
  try {
    const file = isPath || existsSync(path) ? path : entryOfPackage(name);
    return await withLateDateFormats(() => import(pathToFileURL(file).href) as Promise<Exports>);
  } catch (cause) {
    throw cannotBeLoaded(name, cause);
  }
}

function cannotBeLoaded(name: string, cause: unknown): UsageError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new UsageError(`--module ${name} cannot be loaded: ${reason.split('\n', 1)[0]}`, { cause });
}

/**
 * Finds the entry file of a package that is installed in the working folder or above it. `import` would look for the package
 * from this file instead.
 */
function entryOfPackage(name: string): string {
  const require = createRequire(resolve('module.js'));
  try {
    return require.resolve(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
    // The package has an entry only for `import`.
    const folders = (require.resolve.paths(name) ?? []).map((folder) => join(folder, name));
    const folder = folders.find((candidate) => existsSync(join(candidate, 'package.json'))) ?? name;
    const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      exports?: Exports;
    };
    const root = exports?.['.'] ?? exports;
    const entry = isObject(root) ? root['import'] : undefined;
    if (typeof entry !== 'string') throw error;
    return join(folder, entry);
  }
}

function isModule(value: unknown): value is LoadedModules['imports'][number] {
  if (typeof value === 'function') return /^class\b/.test(Function.prototype.toString.call(value));
  return isObject(value) && typeof value['module'] === 'function';
}

function isSection(value: unknown): value is SectionSchema {
  return typeof value === 'function' && 'section' in value && 'schema' in value && isZod(value.schema);
}

function isZod(schema: unknown): boolean {
  return isObject(schema) && typeof schema['prefault'] === 'function';
}

function isObject(value: unknown): value is Exports {
  return typeof value === 'object' && value !== null;
}
