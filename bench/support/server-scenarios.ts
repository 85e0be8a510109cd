/** One load on the whole server and its targets. */
export interface ServerScenario {
  readonly name: string;
  readonly logs: number;
  /** Number of logs that use static-ct-api. */
  readonly staticCtLogs: number;
  /** Entries per second over all logs. */
  readonly entriesPerSecond: number;
  /** Milliseconds between two tree heads of a log. */
  readonly headIntervalMs: number;
  readonly clients: number;
  readonly path: string;
  /** Microseconds of CPU per entry. */
  readonly targetCpuPerEntry?: number;
  /** Percentage of one core. */
  readonly targetCpu?: number;
  readonly targetResidentMb?: number;
}

const EIGHT_LOGS = { logs: 8, staticCtLogs: 0, headIntervalMs: 1000, path: '/' };

/** Scenarios of issues 4 and 5. */
export const SCENARIOS: readonly ServerScenario[] = [
  { ...EIGHT_LOGS, name: '300', entriesPerSecond: 300, clients: 0, targetCpuPerEntry: 30 },
  { ...EIGHT_LOGS, name: '300-10', entriesPerSecond: 300, clients: 10, targetCpuPerEntry: 40 },
  { ...EIGHT_LOGS, name: '300-100', entriesPerSecond: 300, clients: 100, targetCpuPerEntry: 70 },
  {
    ...EIGHT_LOGS,
    name: '1000-100',
    entriesPerSecond: 1000,
    clients: 100,
    targetCpuPerEntry: 50,
    targetResidentMb: 110,
  },
  { ...EIGHT_LOGS, name: '3000', entriesPerSecond: 3000, clients: 0, targetCpuPerEntry: 12 },
  {
    name: 'idle',
    logs: 70,
    staticCtLogs: 35,
    entriesPerSecond: 0,
    headIntervalMs: 60_000,
    clients: 0,
    path: '/',
    targetCpu: 1,
    targetResidentMb: 80,
  },
];

/** Returns the scenarios with these names, or all without names. @throws Error that lists the known scenarios. */
export function scenariosNamed(names: readonly string[]): readonly ServerScenario[] {
  if (names.length === 0) return SCENARIOS;
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    const known = SCENARIOS.map((scenario) => scenario.name).join(', ');
    if (found === undefined) throw new Error(`no scenario "${name}"; the scenarios are ${known}`);
    return found;
  });
}
