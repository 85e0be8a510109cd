import { JsonTextError, parseBoundedJson } from '../kernel/bounded-json.js';
import { ProblemLog, type ProblemLogTarget } from '../logging/problem-log.js';
import { isMemberId } from './member-beat.js';

const MAX_BYTES = 1024 * 1024;
const MAX_TOPICS = 16;
const MAX_STRUCTURE = 200_000;
const TOPIC = /^[a-z0-9-]{1,32}$/;

/** The last report of a member about a topic. It is parsed when it is needed. */
interface Report {
  readonly octets: Buffer;
  value?: unknown;
  isParsed: boolean;
}

/**
 * Small reports that every member sends to all others, and that are kept while their member lives. A report that is lost is replaced by
 * the next one.
 */
export class Reports {
  private readonly own = new Map<string, () => unknown>();
  /** By member and topic. */
  private readonly received = new Map<string, Map<string, Report>>();
  private readonly problems: ProblemLog;

  constructor(log: ProblemLogTarget) {
    this.problems = new ProblemLog(log);
  }

  /** @throws Error for a topic that is not a token of a subject. */
  add(topic: string, value: () => unknown): void {
    if (!TOPIC.test(topic)) throw new Error(`${topic} is not a topic; use lower-case letters, digits and -`);
    this.own.set(topic, value);
  }

  /**
   * Returns the reports of this member. One that cannot be made, or is too large, is left out.
   * @param maxPayload most octets that the server takes in a message.
   */
  current(maxPayload: number): Map<string, Buffer> {
    const texts = new Map<string, Buffer>();
    let room = MAX_BYTES;
    for (const [topic, value] of this.own) {
      try {
        const octets = Buffer.from(JSON.stringify(value()) ?? 'null');
        if (octets.length > Math.min(room, maxPayload))
          throw new Error(
            `it has ${octets.length} octets, and there is room for ${Math.min(room, maxPayload)}`,
          );
        room -= octets.length;
        texts.set(topic, octets);
        this.problems.resolved(topic);
      } catch (error) {
        this.problems.report(topic, `cluster: the report ${topic} cannot be sent to the other members`, {
          error,
        });
      }
    }
    return texts;
  }

  /** Takes a message that may come from any program. @param isLive whether the member is known. */
  receive(topic: string, member: string, octets: Uint8Array, isLive: (id: string) => boolean): void {
    if (!TOPIC.test(topic) || !isMemberId(member) || !isLive(member)) return;
    let reports = this.received.get(member);
    if (reports === undefined) this.received.set(member, (reports = new Map()));
    reports.delete(topic);
    let size = octets.length;
    for (const report of reports.values()) size += report.octets.length;
    if (size > MAX_BYTES || reports.size >= MAX_TOPICS) return;
    reports.set(topic, { octets: Buffer.from(octets), isParsed: false });
  }

  /** Forgets the reports of members that are gone. */
  keepOnly(live: ReadonlySet<string>): void {
    for (const member of this.received.keys()) if (!live.has(member)) this.received.delete(member);
  }

  /** Returns the last report of each member about a topic. A report that is not JSON is left out. */
  of(topic: string): Map<string, unknown> {
    const values = new Map<string, unknown>();
    for (const [member, reports] of this.received) {
      const report = reports.get(topic);
      if (report === undefined) continue;
      if (!report.isParsed) {
        report.isParsed = true;
        report.value = parsed(report.octets);
      }
      if (report.value !== undefined) values.set(member, report.value);
    }
    return values;
  }
}

function parsed(octets: Buffer): unknown {
  try {
    return parseBoundedJson(octets, { maxStructure: MAX_STRUCTURE });
  } catch (error) {
    if (error instanceof JsonTextError) return undefined;
    throw error;
  }
}
