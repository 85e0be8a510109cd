import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { FaultHandle } from '../../src/simulator/faults/faults.js';
import { addRandomFailures, type RandomFailures } from '../../src/simulator/faults/random-failures.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import type { FleetCommand, FleetGroup, FleetHead, FleetReady, FleetReport, Logs } from './log-fleet.js';

const CERTIFICATES = 1000;
const INITIAL_ENTRIES = 300;
const KEEP_ENTRIES = 20_000;
const KEEP_REQUESTS = 10;
const MAX_HEADS = 100_000;
const OPERATORS = 8;

/** Simulated logs in this process. `LogFleet` runs them in a process of their own. */
export class Fleet implements Logs {
  private readonly groupOf = new Map<SimulatedLog, FleetGroup>();
  private holds: FaultHandle[] = [];
  private failures: RandomFailures | undefined;
  private failed: Record<string, number> = {};
  private heads: FleetHead[] = [];

  private constructor(
    private readonly simulator: CtLogSimulator,
    groups: readonly FleetGroup[],
  ) {
    for (const group of groups) for (let n = 0; n < group.count; n++) this.add(group, n);
  }

  static async start(groups: readonly FleetGroup[]): Promise<Fleet> {
    return new Fleet(await CtLogSimulator.start({ certificates: CERTIFICATES }), groups);
  }

  get ready(): FleetReady {
    const { logListUrl, publicKeyPem } = this.simulator;
    return { logListUrl, publicKeyPem };
  }

  send(command: FleetCommand): Promise<FleetReport> {
    this.run(command);
    return Promise.resolve(this.report());
  }

  stop(): Promise<void> {
    return this.simulator.close();
  }

  private add(group: FleetGroup, n: number): void {
    const log = this.simulator.addLog({
      name: `${group.name}${n}`,
      operator: group.operator ?? `Operator ${n % OPERATORS}`,
      protocol: group.protocol,
      initialEntries: group.initialEntries ?? INITIAL_ENTRIES,
      keepEntries: group.keepEntries ?? KEEP_ENTRIES,
      keepRequests: KEEP_REQUESTS,
    });
    this.groupOf.set(log, group);
    if (group.requestsPerSecond !== undefined) {
      const endpoint = ['get-entries', 'tile-data'] as const;
      const { requestsPerSecond: perSecond, requestBurst: burst = 1 } = group;
      log.faults.add({ kind: 'rate-limit', perSecond, burst, endpoint });
    }
    log.onHead = ({ treeSize }) => this.noteHead({ url: urlOf(log), size: treeSize, at: Date.now() });
  }

  private noteHead(head: FleetHead): void {
    if (this.heads.length >= MAX_HEADS) this.heads = this.heads.slice(MAX_HEADS / 2);
    this.heads.push(head);
  }

  private run(command: FleetCommand): void {
    switch (command.do) {
      case 'hold': {
        const endpoint = ['get-sth', 'checkpoint'] as const;
        this.holds = this.simulator.logs.map((log) =>
          log.faults.add({ kind: 'stall', afterBytes: 0, endpoint }),
        );
        break;
      }
      case 'open':
        for (const hold of this.holds.splice(0)) hold.remove();
        break;
      case 'grow':
        this.grow(command.groups);
        break;
      case 'stop-growing':
        this.simulator.stopGrowth();
        break;
      case 'fail':
        this.fail(command.share);
        break;
      case 'report':
        break;
    }
  }

  private grow(names: readonly string[] | undefined): void {
    [...this.groupOf].forEach(([log, { name, entriesPerSecond, headIntervalMs = 1000 }], i, all) => {
      if (names !== undefined && !names.includes(name)) return;
      const phaseMs = (headIntervalMs * (i + 1)) / all.length;
      log.start({ entriesPerSecond, headIntervalMs, phaseMs });
    });
  }

  private fail(share: number): void {
    this.failures?.end();
    for (const [kind, count] of Object.entries(this.failures?.counts() ?? {}))
      this.failed[kind] = (this.failed[kind] ?? 0) + count;
    this.failures = share > 0 ? addRandomFailures(this.simulator.logs, share) : undefined;
  }

  private report(): FleetReport {
    const { heads } = this;
    this.heads = [];
    const logs = [...this.groupOf].map(([log, group]) => ({
      group: group.name,
      url: urlOf(log),
      protocol: group.protocol,
      size: log.head.treeSize,
      initialEntries: log.options.initialEntries,
    }));
    const failures = sum([this.failed, this.failures?.counts() ?? {}]);
    const requests = sum(this.simulator.logs.map((log) => log.requests.counted()));
    return { logs, requests, failures, heads };
  }
}

function sum(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const count of counts)
    for (const [name, n] of Object.entries(count)) total[name] = (total[name] ?? 0) + n;
  return total;
}

function urlOf(log: SimulatedLog): string {
  return log.url.replace(/\/$/, '');
}
