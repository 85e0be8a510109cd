import { onTestFinished } from 'vitest';
import { natsOutput } from '../../src/config/sections/outputs/nats.js';
import type { OutputEngine } from '../../src/outputs/engine/output-engine.js';
import { natsSource } from '../../src/outputs/nats/nats-source.js';
import {
  findNatsServer,
  NATS_SERVER_MISSING,
  NatsServer,
  type NatsServerOptions,
} from './brokers/nats-server.js';
import { numberedMessages } from './output-messages.js';

const command = findNatsServer();
if (command === undefined) console.warn(NATS_SERVER_MISSING);

/** Whether this machine has a nats-server. */
export const HAS_NATS = command !== undefined;
const running = new AbortController().signal;

/** Starts a nats-server until the end of the test. */
export async function start(options: NatsServerOptions = {}): Promise<NatsServer> {
  const broker = await NatsServer.start(command!, options);
  onTestFinished(() => broker.stop());
  return broker;
}

/** Opens an engine until the end of the test. */
export async function open(broker: NatsServer, keys: Record<string, unknown> = {}): Promise<OutputEngine> {
  const source = await natsSource(natsOutput.parse({ name: 'soc', ...broker.settings, ...keys }));
  const engine = await source.open(running);
  onTestFinished(() => engine.close());
  return engine;
}

/** Sends ten messages over a new connection. @returns the code of the error, and its message. */
export async function failureOf(broker: NatsServer, keys: Record<string, unknown> = {}): Promise<string> {
  try {
    const engine = await open(broker, keys);
    await engine.send(numberedMessages(0, 10), running);
    return 'no failure';
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code}: ${message}`;
  }
}

/** Returns the indices of the stored messages. */
export async function indices(broker: NatsServer): Promise<number[]> {
  return (await broker.stored()).map(({ text }) => (JSON.parse(text.toString()) as { index: number }).index);
}
