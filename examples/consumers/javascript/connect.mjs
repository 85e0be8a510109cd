// Prints the names of every certificate. Needs: npm install ws
import { WebSocket } from 'ws';

const stream = new WebSocket('ws://localhost:8080/domains-only');
stream.on('message', (text) => console.log(...JSON.parse(text).data));
