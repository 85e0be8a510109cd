import { onTestFinished } from 'vitest';
import { AppLogger } from '../../src/logging/app-logger.js';
import type { SimulatedLogOptions } from '../../src/simulator/log/simulated-log-options.js';
import { startServer } from '../../src/start-server.js';
import { type TestConfig, TestSystem } from '../../src/testing/test-system.js';
import type { NatsServer } from './brokers/nats-server.js';

/** A cluster of a member `worker`, which follows all logs, and a gateway `door`. Both run in this process. */
export interface WorkerAndGateway {
  /** Its server is the worker. */
  readonly system: TestSystem;
  /** Base URL of the gateway, without trailing slash. */
  readonly gateway: string;
}

/** Starts both until the end of the test, and waits until the worker follows all logs. @param sections of both configurations. */
export async function startWorkerAndGateway(
  nats: NatsServer,
  logs: readonly SimulatedLogOptions[],
  sections: TestConfig = {},
): Promise<WorkerAndGateway> {
  const cluster = {
    servers: [nats.address],
    prefix: 'pages',
    max_gb: 0.25,
    ready_lag_seconds: 5,
    name: 'worker',
  };
  const system = await TestSystem.prepare({ logs, config: { ...sections, cluster } });
  onTestFinished(() => system.close());
  await system.startServer();
  const config = structuredClone(system.config());
  Object.assign(config.cluster, { name: 'door', role: 'gateway' });
  const gateway = await startServer(config, {
    logger: new AppLogger({ ...config.log, write: (line) => system.output.push(`door: ${line}`) }),
  });
  onTestFinished(() => gateway.stop());
  await system.following();
  return { system, gateway: gateway.url.replace(/\/+$/, '') };
}
