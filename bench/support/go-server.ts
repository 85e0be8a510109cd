import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessUsage, usageOf } from './process-usage.js';

const START_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 100;

export interface GoServer {
  readonly url: string;
  usage(): ProcessUsage;
  stop(): Promise<void>;
}

/**
 * Starts a built certstream-server-go on the same logs with its default buffer sizes. It runs on one core like all other
 * programs in the comparison.
 * @param folder folder for its configuration and output
 */
export async function startGoServer(
  binary: string,
  folder: string,
  logUrls: readonly string[],
  port: number,
): Promise<GoServer> {
  const file = join(folder, 'go.yaml');
  writeFileSync(file, JSON.stringify(configuration(logUrls, port)));
  const output = openSync(join(folder, 'go.log'), 'a');
  const child = spawn(binary, ['--config', file], {
    stdio: ['ignore', output, output],
    env: { ...process.env, GOMAXPROCS: '1' },
  });
  closeSync(output);
  const ended = once(child, 'exit');
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`${binary} did not start; see ${folder}/go.log`);
    await sleep(LOOK_EVERY_MS);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    usage: () => usageOf(child.pid),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

function configuration(logUrls: readonly string[], port: number): object {
  return {
    webserver: {
      listen_addr: '127.0.0.1',
      listen_port: port,
      full_url: '/full-stream',
      lite_url: '/',
      domains_only_url: '/domains-only',
    },
    prometheus: { enabled: false },
    general: {
      disable_default_logs: true,
      additional_logs: logUrls.map((url, n) => ({ url, operator: `Operator ${n}`, description: `Log ${n}` })),
      buffer_sizes: { websocket: 300, ctlog: 1000, broadcastmanager: 10_000 },
      recovery: { enabled: false },
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
