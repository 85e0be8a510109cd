import { replaceFile } from '../kernel/atomic-file.js';
import { readBoundedFile } from '../kernel/bounded-file.js';

/** Largest file that is read. */
const MAX_FILE_BYTES = 1024;

/** The file that keeps the number of connected clients over a restart of the server: `{"clients":3}`. */
export class ClientCountFile {
  constructor(readonly path: string) {}

  /** Returns the number of clients, or 0 if there is no file. @throws Error that names the damage. */
  async read(): Promise<number> {
    let text;
    try {
      text = (await readBoundedFile(this.path, MAX_FILE_BYTES)).toString();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
    return parseClientCount(text);
  }

  write(clients: number): Promise<void> {
    return replaceFile(this.path, `${JSON.stringify({ clients })}\n`);
  }
}

/** @throws Error */
function parseClientCount(text: string): number {
  const value: unknown = JSON.parse(text);
  const clients = (value as { readonly clients?: unknown } | null)?.clients;
  if (!Number.isSafeInteger(clients) || (clients as number) < 0)
    throw new Error('"clients" is not a whole number');
  return clients as number;
}
