// Prints the names of the first 100 certificates of the last hour, then ends. Needs: npm install ws
import { WebSocket } from 'ws';

const stream = new WebSocket('ws://localhost:8080/domains-only?since=-1h&limit=100');
stream.on('message', (text) => console.log(...JSON.parse(text).data));
