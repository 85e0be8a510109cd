import { lstat, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSocketAlive } from './socket-alive.js';

/** Longest path that fits into `sockaddr_un` on every system, with the suffix of {@link removeDead}. */
const LONGEST_SOCKET_PATH = 94;
/** Most tries while other processes take over the lock at the same time. After them, one of these processes has the lock. */
const MAX_TRIES = 50;
const TRY_AGAIN_MS = 10;

/**
 * Reserves a file for one process. The owner listens on a UNIX socket `<file>.lock` beside the file. The kernel closes the
 * socket when the process ends in any way. Processes in other containers of the same machine see the socket too, although
 * they cannot see process ids. The lock does not work between machines that share a volume.
 */
export class FileLock {
  private constructor(
    private readonly server: Server | undefined,
    /** Why there is no lock, if the folder does not support one. */
    readonly obstacle: string | undefined,
  ) {}

  /** Acquires the lock. @throws the error of `locked` if another process, or another part of this one, has the lock. */
  static async acquire(path: string, locked: () => Error): Promise<FileLock> {
    const socket = socketPath(path);
    if (socket === undefined) return new FileLock(undefined, 'its path is too long for a socket');
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

  /** Removes the socket. May be called again. */
  async release(): Promise<void> {
    const { server } = this;
    if (server?.listening === true) await new Promise<void>((done) => void server.close(() => done()));
  }
}

/** Returns the path of the socket, relative to the working folder if the absolute path is too long. */
function socketPath(path: string): string | undefined {
  const absolute = resolve(`${path}.lock`);
  return [absolute, `./${relative('.', absolute)}`].find(
    (name) => Buffer.byteLength(name) <= LONGEST_SOCKET_PATH,
  );
}

/** Listens on a socket to which every user may connect: a connection shows other processes that the owner is alive. */
function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).unref();
  return new Promise((done, reject) => {
    // Also handles later errors: without free file descriptors, connections cannot be accepted. They still show that the
    // owner is alive.
    server.on('error', reject);
    server.listen({ path, readableAll: true, writableAll: true }, () => done(server));
  });
}

/**
 * Removes the socket of a process that has ended. Only one process at a time does this, and listens on a second socket
 * meanwhile. Otherwise, one of several processes could remove a socket on which another one has begun to listen.
 * @returns the reason if removal is impossible.
 */
async function removeDead(socket: string): Promise<string | undefined> {
  const guard = `${socket}.take`;
  let remover: Server;
  try {
    remover = await listen(guard);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') return message;
    // The second socket belongs to a process that was killed during the removal, or that is removing the socket now.
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
