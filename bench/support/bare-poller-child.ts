/**
 * What everything is compared with: polls RFC 6962 logs with `node:http` and JSON.parse, and does nothing with what
 * comes. Each log is asked every two seconds for its head and for what is new.
 */
import { Agent, get } from 'node:http';
import type { PollerSetup } from './bare-poller.js';

const POLL_MS = 2000;
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

async function follow(log: string): Promise<void> {
  let next: number | undefined;
  for (;;) {
    const head = (await fetchJson(`${log}/ct/v1/get-sth`)) as { tree_size: number };
    next ??= head.tree_size;
    while (next < head.tree_size) {
      const url = `${log}/ct/v1/get-entries?start=${next}&end=${head.tree_size - 1}`;
      const page = (await fetchJson(url)) as { entries: readonly unknown[] };
      next += page.entries.length;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const { logUrls } = JSON.parse(process.argv[2]) as PollerSetup;
logUrls.forEach((log, n) => setTimeout(() => void follow(log), (POLL_MS * n) / logUrls.length));
process.on('disconnect', () => process.exit());
process.send?.('ready');
