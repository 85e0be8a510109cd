import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { TailingService } from 'certstream-server-nest';
import { StreamReader, TestSystem } from 'certstream-server-nest/testing';
import { createApp } from '../src/create-app';

const token = 'a-token-of-the-application-0123456789';
const headers = { Authorization: `Bearer ${token}` };

void test('an application keeps what it has, and streams', async () => {
  const system = await TestSystem.prepare({
    logs: [{ name: 'log', initialEntries: 10 }],
    config: { auth: { tokens: [{ name: 'app', token }] } },
  });
  after(() => system.close());
  const app = await createApp(system.input());
  after(() => app.close());
  await app.listen(0, '127.0.0.1');
  system.attach(app, await app.getUrl());
  app.get(TailingService).start();
  await system.following();

  // Streams and pages ask for the token.
  const stream = await StreamReader.connect(`${system.url.replace('http', 'ws')}/?token=${token}`);
  after(() => stream.socket.terminate());
  await assert.rejects(system.connect('/'), /401/);
  const log = system.simulator.log('log');
  log.append(30);
  log.publish();
  await stream.until(({ frames }) => frames.length >= 30);
  assert.deepEqual(
    stream.indices(log.url),
    Array.from({ length: 30 }, (_, i) => 10 + i),
  );
  assert.deepEqual(await (await system.get('/api/newest', { headers })).json(), log.entry(39).domains);
  assert.equal((await system.get('/api/newest')).status, 401);
  assert.equal((await system.get('/docs-json')).status, 401);

  // Body parser, pipes, prefix and Swagger are those of the application.
  const post = (body: object, more: object = headers): Promise<Response> =>
    system.get('/api/notes', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...more },
    });
  assert.equal((await post({ text: 'hello' }, {})).status, 401);
  assert.equal((await post({ text: 'hello' })).status, 201);
  assert.equal((await post({ text: 1 })).status, 400);
  assert.equal((await post({ text: 'hello', more: 1 })).status, 400);
  assert.deepEqual(await (await system.get('/api/notes')).json(), [{ text: 'hello' }]);
  const { paths } = (await (await system.get('/docs-json', { headers })).json()) as { paths: object };
  assert.ok('/api/notes' in paths);
});
