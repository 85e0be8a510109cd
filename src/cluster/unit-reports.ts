import type { ProblemLog } from '../logging/problem-log.js';
import type { Cluster } from './cluster.js';

/** Reports that are taken from the message of one member. */
const MAX_REPORTS = 5000;

/** How the members of a cluster report on units that each of them works on, such as logs. */
export interface UnitReportsOptions<Report> {
  /** As in `Cluster.publish`. It also names the units in the log. */
  readonly topic: string;
  /** Page of the server that shows the reports, for the log. */
  readonly page: string;
  /** Returns what this member sends. */
  readonly own: () => readonly Report[];
  /** Reads a report of another member, which may have any version; undefined if it cannot be read. */
  readonly read: (item: unknown) => Report | undefined;
  /** Returns what names the unit of a report. */
  readonly keyOf: (report: Report) => string;
  /** Returns how far the unit is. While a unit is handed over, two members may report it, and the one that is farther counts. */
  readonly placeOf: (report: Report) => number;
  readonly problems: ProblemLog;
}

/** The last report of another member on a unit. */
export interface ForeignReport<Report> {
  /** Id and name of the member. */
  readonly id: string;
  readonly member: string;
  readonly report: Report;
}

/** Reports of the members of a cluster on their units. Every member has those of all others, which are at most a few seconds old. */
export class UnitReports<Report> {
  /** The reports in a message of another member. The cluster returns the same object until the next message. */
  private readonly read = new WeakMap<object, readonly Report[]>();

  constructor(
    private readonly cluster: Cluster,
    private readonly options: UnitReportsOptions<Report>,
  ) {
    cluster.publish(options.topic, () => options.own());
  }

  /** Returns the last report of the other members on each unit. @param known keys of units to leave out. */
  others(known: ReadonlySet<string>): ForeignReport<Report>[] {
    const { topic, keyOf, placeOf } = this.options;
    const found = new Map<string, ForeignReport<Report>>();
    const names = new Map(this.cluster.members().map(({ id, name }) => [id, name]));
    for (const [id, message] of this.cluster.reports(topic)) {
      const member = names.get(id) ?? id;
      for (const report of this.reportsIn(message, member)) {
        const key = keyOf(report);
        const other = found.get(key);
        if (known.has(key) || (other !== undefined && placeOf(other.report) >= placeOf(report))) continue;
        found.set(key, { id, member, report });
      }
    }
    return [...found.values()];
  }

  private reportsIn(message: unknown, sender: string): readonly Report[] {
    if (typeof message !== 'object' || message === null) return [];
    const known = this.read.get(message);
    if (known !== undefined) return known;
    const items: readonly unknown[] = Array.isArray(message) ? message.slice(0, MAX_REPORTS) : [message];
    const reports = items.map(this.options.read).filter((report) => report !== undefined);
    this.read.set(message, reports);
    const unreadable = items.length - reports.length;
    const { topic, page, problems } = this.options;
    if (unreadable === 0) problems.resolved(sender);
    else
      problems.report(
        sender,
        `cluster: ${unreadable} reports of the member ${sender} on its ${topic} cannot be read here; ${page} lacks them`,
      );
    return reports;
  }
}
