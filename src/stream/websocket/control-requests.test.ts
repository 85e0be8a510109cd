import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { ClientSession } from '../subscription/client-session.js';
import { ControlRequests } from './control-requests.js';

it('reports an error that is not a mistake of the client, answers it, and carries out the next request', async () => {
  const defect = new TypeError('a mistake of the server');
  const sent: object[] = [];
  const defects: unknown[] = [];
  const session = {
    subscriber: {
      connection: { isOpen: true, unsentBytes: 0 },
      options: {},
      selection: { unique: false },
      sendMessage: (message: object) => sent.push(message),
    },
    flush: () => undefined,
    pause: () => {
      throw defect;
    },
    resume: () => undefined,
    isPaused: false,
  } as unknown as ClientSession;
  const socket = new EventEmitter();
  new ControlRequests(session, {
    bounds: { terms: 1, expressions: 1, bytes: 100 },
    maxBytes: 1000,
    turn: () => Promise.resolve(),
    stream: 'lite',
    onDefect: (error) => defects.push(error),
  }).listen(socket as unknown as WebSocket);
  for (const op of ['pause', 'resume'])
    socket.emit('message', Buffer.from(`{"op":"${op}","id":"${op}"}`), false);
  await expect.poll(() => sent.length).toBe(2);
  expect(defects).toEqual([defect]);
  expect(sent).toMatchObject([
    { message_type: 'error', data: { id: 'pause', code: 'CONTROL_FAILED' } },
    { message_type: 'subscribed', data: { id: 'resume' } },
  ]);
});
