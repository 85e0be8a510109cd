// Changes the filter of an open connection. Needs: npm install ws
import { WebSocket } from 'ws';

const requests = [
  { op: 'add', filter: { domain: ['example.net'] } },
  { op: 'remove', filter: { domain: ['example.com'] } },
  { op: 'pause' },
  { op: 'resume' },
  { op: 'subscribe', filter: { regex: ['('] } },
  { op: 'subscribe', filter: { keyword: ['juniper'], type: ['precert'] }, unique: true },
  { op: 'status' },
];
const stream = new WebSocket('ws://localhost:8080/?domain=example.com&events=1');
const sendNext = () => stream.send(JSON.stringify({ ...requests.shift(), id: requests.length }));
stream.on('open', sendNext);
stream.on('message', (text) => {
  const message = JSON.parse(text);
  const { message_type, data } = message;
  if (message_type === 'certificate_update') console.log(...data.leaf_cert.all_domains);
  if (!['subscribed', 'error', 'status'].includes(message_type)) return;
  console.log(JSON.stringify(message));
  if (requests.length > 0) sendNext();
  else stream.close();
});
