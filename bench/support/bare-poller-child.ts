/**
 * The reference of all measurements: polls RFC 6962 logs with `node:http` and JSON.parse. Every two seconds it fetches the
 * head and the new entries of each log. For each entry it sends one message to every connected client, all messages of a page
 * in one write. It is always the same message, which costs nothing to make.
 */
import { Agent, get } from 'node:http';
import type { BarePollerAnswer, PollerSetup } from './bare-poller.js';
import { BareSockets } from './bare-sockets.js';

const POLL_MS = 2000;
/** Average size of the lite messages of real certificates. */
const MESSAGE_BYTES = 2_000;
const FRAME = Buffer.alloc(4 + MESSAGE_BYTES, 'x');
FRAME.writeUInt32BE(0x817e_0000 + MESSAGE_BYTES);
const MAX_PAGE = 1_024;
const FRAMES = Buffer.concat(Array.from({ length: MAX_PAGE }, () => FRAME));
const agent = new Agent({ keepAlive: true });

function fetchJson(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
    }).on('error', reject);
  });
}

const readers = new BareSockets();

async function follow(log: string): Promise<void> {
  let next: number | undefined;
  for (;;) {
    const head = (await fetchJson(`${log}/ct/v1/get-sth`)) as { tree_size: number };
    next ??= head.tree_size;
    while (next < head.tree_size) {
      const url = `${log}/ct/v1/get-entries?start=${next}&end=${head.tree_size - 1}`;
      const page = (await fetchJson(url)) as { entries: readonly unknown[] };
      next += page.entries.length;
      readers.write(FRAMES.subarray(0, Math.min(page.entries.length, MAX_PAGE) * FRAME.length));
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const { logUrls } = JSON.parse(process.argv[2]) as PollerSetup;
logUrls.forEach((log, n) => setTimeout(() => void follow(log), (POLL_MS * n) / logUrls.length));
process.on('disconnect', () => process.exit());
process.send?.({ url: await readers.listen() } satisfies BarePollerAnswer);
