// Prints the certificates below example.com, also those of the time in which this program did not run.
// Needs: npm install ws
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { WebSocket } from 'ws';

const PLACE = 'cursor.txt';

function save(cursor) {
  // The file is complete at any time, also if this program is killed.
  writeFileSync('cursor.new', cursor);
  renameSync('cursor.new', PLACE);
}

function follow() {
  const query = new URLSearchParams({ domain: 'example.com', events: 1, enrich: 1, slow: 'close' });
  if (existsSync(PLACE)) query.set('since', readFileSync(PLACE, 'utf8'));
  const stream = new WebSocket(`ws://localhost:8080/?${query}`);
  stream.on('message', (text) => {
    const { message_type, data } = JSON.parse(text);
    if (message_type === 'certificate_update') console.log(...data.leaf_cert.all_domains);
    if (message_type === 'gap') console.error('missed', data);
    if (data?.cursor) save(data.cursor);
  });
  stream.on('unexpected-response', (_request, response) => void followAfter(response));
  stream.on('close', () => setTimeout(follow, 1000));
  stream.on('error', () => {}); // 'close' follows
}

async function followAfter(response) {
  const { error, oldest } = JSON.parse(await response.setEncoding('utf8').reduce((a, b) => a + b, ''));
  if (oldest === undefined) throw new Error(error);
  // The server no longer knows the cursor: continue with the oldest entry that it holds.
  save(oldest);
  setTimeout(follow, 1000);
}

follow();
