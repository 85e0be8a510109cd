import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { PageFile } from './page-file.js';

/** Bounds on what is kept in memory; the page has about ten files and 200 KB. */
const MAX_FILES = 100;
const MAX_BYTES = 8 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** The built page: one document, and its assets by file name. */
export class PageFiles {
  private constructor(
    readonly document: PageFile,
    private readonly assets: ReadonlyMap<string, PageFile>,
  ) {}

  /**
   * Reads the build. Files of unknown types are left out.
   * @throws Error of the file system if there is no build; RangeError if it is too large.
   */
  static async read(folder: string): Promise<PageFiles> {
    const assets = join(folder, 'assets');
    const names = (await readdir(assets)).filter((name) => extname(name) in TYPES);
    const paths = [join(folder, 'index.html'), ...names.map((name) => join(assets, name))];
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (paths.length > MAX_FILES || bytes > MAX_BYTES)
      throw new RangeError(`${folder} has ${paths.length} files with ${bytes} bytes, which is too much`);
    const [document, ...others] = await Promise.all(
      paths.map(async (path) => new PageFile(TYPES[extname(path)], await readFile(path))),
    );
    return new PageFiles(document, new Map(names.map((name, i) => [name, others[i]])));
  }

  /** Returns the asset with exactly this name. No path is made of the name. */
  asset(name: string): PageFile | undefined {
    return this.assets.get(name);
  }
}
