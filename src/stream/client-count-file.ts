import { open } from 'node:fs/promises';
import { replaceFile } from '../kernel/atomic-file.js';

/** Largest file that is read. */
const MAX_FILE_BYTES = 1024;

/** The file that keeps the number of connected clients over a restart of the server: `{"clients":3}`. */
export class ClientCountFile {
  constructor(readonly path: string) {}

  /** Returns the number of clients, or 0 if there is no file. @throws Error that names the damage. */
  async read(): Promise<number> {
    let file;
    try {
      file = await open(this.path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
      throw error;
    }
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE_BYTES + 1));
      if (bytesRead > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`);
      return parseClientCount(buffer.toString('utf8', 0, bytesRead));
    } finally {
      await file.close();
    }
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
