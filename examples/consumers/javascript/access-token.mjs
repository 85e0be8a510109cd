// Connects with an access token. Needs: npm install ws
import { WebSocket } from 'ws';

const headers = { Authorization: `Bearer ${process.env.CERTSTREAM_TOKEN}` };
const stream = new WebSocket('ws://localhost:8080/domains-only', { headers });
stream.on('message', (text) => console.log(...JSON.parse(text).data));
