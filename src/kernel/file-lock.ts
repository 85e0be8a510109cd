import { lstat, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSocketAlive } from './socket-alive.js';

/** What fits into `sockaddr_un` everywhere, with what {@link removeDead} puts behind it. */
const LONGEST_SOCKET_PATH = 94;
/** While others that begin at the same time take it over; then one of them has it. */
const MAX_TRIES = 50;
const TRY_AGAIN_MS = 10;

/**
 * Keeps a file for one process: a UNIX socket `<file>.lock` beside it, on which the owner listens. The kernel ends that
 * with the process however it ends, and processes of other containers of the same machine see it too, where process ids
 * would tell nothing. What other machines do on a shared volume it cannot see.
 */
export class FileLock {
  private constructor(
    private readonly server: Server | undefined,
    /** Why there is no lock: the folder cannot hold one. */
    readonly obstacle: string | undefined,
  ) {}

  /** @throws what `locked` makes, when another process, or another part of this one, has the lock. */
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
      if (found !== undefined && !found.isSocket()) return new FileLock(undefined, `${socket} is no socket`);
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

/** Relative to the working folder where that is shorter. */
function socketPath(path: string): string | undefined {
  const absolute = resolve(`${path}.lock`);
  return [absolute, `./${relative('.', absolute)}`].find(
    (name) => Buffer.byteLength(name) <= LONGEST_SOCKET_PATH,
  );
}

/** Others may connect, whoever they run as: that is how they see that it lives. */
function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).unref();
  return new Promise((done, reject) => {
    // Also later: without file descriptors nobody can be let in, who has seen that it lives all the same.
    server.on('error', reject);
    server.listen({ path, readableAll: true, writableAll: true }, () => done(server));
  });
}

/**
 * Takes the socket of a process that is gone out of the way, as the only one: who removes listens on a second socket
 * meanwhile. Without that, one of many who come at the same time could remove what another has begun to listen on.
 * @returns why that is not possible.
 */
async function removeDead(socket: string): Promise<string | undefined> {
  const guard = `${socket}.take`;
  let remover: Server;
  try {
    remover = await listen(guard);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE') return message;
    // Of a process that was killed while it removed, or somebody else does right now.
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
