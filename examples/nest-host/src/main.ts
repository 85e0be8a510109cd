import { TailingService } from 'certstream-server-nest';
import { createApp } from './create-app';

async function main(): Promise<void> {
  const token = process.env['APP_TOKEN'];
  if (token === undefined) throw new Error('set APP_TOKEN');
  const app = await createApp({ auth: { tokens: [{ name: 'app', token }] } });
  await app.listen(3000);
  app.get(TailingService).start();
}

void main();
