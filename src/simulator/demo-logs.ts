import { CtLogSimulator } from './ct-log-simulator.js';
import type { CtLogSimulatorOptions } from './ct-log-simulator.js';

export interface DemoSimulatorOptions extends Pick<
  CtLogSimulatorOptions,
  'port' | 'host' | 'seed' | 'certificates'
> {
  /** Total rate of both logs. Default 20. */
  readonly entriesPerSecond?: number;
  /** Milliseconds between the heads of a log. Default 500. */
  readonly headIntervalMs?: number;
}

const DEFAULT_ENTRIES_PER_SECOND = 20;
const DEFAULT_HEAD_INTERVAL_MS = 500;

/** Starts a simulator with two growing logs, one of RFC 6962 and one of static-ct-api. */
export async function startDemoSimulator(options: DemoSimulatorOptions = {}): Promise<CtLogSimulator> {
  const { entriesPerSecond, headIntervalMs, ...rest } = options;
  const simulator = await CtLogSimulator.start({
    ...rest,
    logs: [
      { name: 'demo-rfc6962', operator: 'Demo', description: "Demo 'RFC 6962'" },
      { name: 'demo-static-ct', operator: 'Demo', description: "Demo 'static-ct'", protocol: 'static-ct' },
    ],
  });
  simulator.startGrowth({
    entriesPerSecond: entriesPerSecond ?? DEFAULT_ENTRIES_PER_SECOND,
    headIntervalMs: headIntervalMs ?? DEFAULT_HEAD_INTERVAL_MS,
  });
  return simulator;
}
