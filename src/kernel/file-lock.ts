import { lstat, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSocketAlive } from './socket-alive.js';

/** Longest path that fits into `sockaddr_un` on every system, with the suffix that {@link removeDead} appends. */
const LONGEST_SOCKET_PATH = 94;
/** Tries while other processes that start at the same time compete for the lock; after so many, one of them holds it. */
const MAX_TRIES = 50;
const TRY_AGAIN_MS = 10;

/**
 * FileLock reserves a file for one process. The owner listens on a UNIX socket `<file>.lock` next to the file. The kernel closes
 * the socket when the process ends for any reason. Processes in other containers of the same machine can check it, which is not
 * possible with process ids. The lock does not cover other machines on a shared volume.
 */
export class FileLock {
  private constructor(
    private readonly server: Server | undefined,
    /** The reason if the file cannot be locked; undefined with a lock. */
    readonly obstacle: string | undefined,
  ) {}

  /** @throws the result of `locked` if another process, or another part of this process, holds the lock. */
  static async acquire(path: string, locked: () => Error): Promise<FileLock> {
    const socket = socketPath(path);
    if (socket === undefined) return new FileLock(undefined, 'the path of the file is too long for a socket');
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        return new FileLock(await listen(socket), undefined);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EADDRINUSE')
          return new FileLock(undefined, `the folder cannot hold a socket (${code})`);
      }
      const found = await lstat(socket).catch(() => undefined);
      if (found !== undefined && !found.isSocket())
        return new FileLock(undefined, `${socket} is not a socket`);
      if (await isSocketAlive(socket)) break;
      const obstacle = await removeDead(socket);
      if (obstacle !== undefined) return new FileLock(undefined, obstacle);
    }
    throw locked();
  }

  /** Removes the socket. Further calls have no effect. */
  async release(): Promise<void> {
    const { server } = this;
    if (server?.listening === true) await new Promise<void>((done) => void server.close(() => done()));
  }
}

/** The absolute path of the socket, or its relative path if only that is short enough; undefined if both are too long. */
function socketPath(path: string): string | undefined {
  const absolute = resolve(`${path}.lock`);
  return [absolute, `./${relative('.', absolute)}`].find(
    (name) => Buffer.byteLength(name) <= LONGEST_SOCKET_PATH,
  );
}

/** Listens on a socket that processes of every user may connect to, to see that this process is alive. */
function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).unref();
  return new Promise((done, reject) => {
    // Without `exclusive`, all workers of node:cluster, as PM2 uses it, would share the socket and hold the lock.
    // The listener stays after the start: an error to accept a connection, without file descriptors, must be ignored.
    server.on('error', reject);
    server.listen({ path, exclusive: true, readableAll: true, writableAll: true }, () => done(server));
  });
}

/**
 * Removes the socket of a process that has ended. The remover listens on a second socket meanwhile, so that only one process
 * removes: otherwise it could remove the new socket of another process that starts at the same time.
 * @returns the reason if removal is not possible.
 */
async function removeDead(socket: string): Promise<string | undefined> {
  const guard = `${socket}.take`;
  let remover: Server;
  try {
    remover = await listen(guard);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') return message;
    // Another process is removing the socket, or was killed while it did.
    if (!(await isSocketAlive(guard))) await rm(guard, { force: true });
    await delay(TRY_AGAIN_MS);
    return undefined;
  }
  try {
    const before = await inodeOf(socket);
    const isDead = before !== undefined && !(await isSocketAlive(socket));
    if (isDead && (await inodeOf(socket)) === before) await rm(socket);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await new Promise<void>((done) => void remover.close(() => done()));
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return (await lstat(path).catch(() => undefined))?.ino;
}
