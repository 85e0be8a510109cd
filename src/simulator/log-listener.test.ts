import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it } from 'vitest';
import { LogListener } from './log-listener.js';
import { createServerCertificate } from './server-certificate.js';

it('a new certificate ends connections in their handshake, which would present the old one', async () => {
  const listener = new LogListener(
    { host: '127.0.0.1', port: 0, tls: createServerCertificate(['127.0.0.1']) },
    () => Promise.resolve(),
  );
  await listener.listen();
  const port = Number(new URL(listener.url).port);
  // It sends nothing, so its handshake does not end.
  const silent = connect(port, '127.0.0.1').resume();
  await once(silent, 'connect');
  // The server accepts connections in their order.
  const secure = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).resume();
  await once(secure, 'secureConnect');
  listener.setCertificate(createServerCertificate(['other.example']));
  await Promise.all([once(silent, 'close'), once(secure, 'close')]);
  expect([silent.destroyed, secure.destroyed]).toEqual([true, true]);
  await listener.close();
});
