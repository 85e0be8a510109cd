import type { StoredMessage } from '../../test/support/brokers/test-broker.js';
import { entryOf } from './message-entry.js';
import type { PublishedLog } from './resume-tally.js';

const MOST_MISTAKES = 20;

/** What an output has received of one log. */
interface LogDeliveries {
  /** Position 0 is the first wanted entry. */
  readonly received: Uint8Array;
  highest: number;
  lane: string | undefined;
  /** The part of the ids before the index. */
  idPrefix: string | undefined;
}

/**
 * Compares the messages that an output has stored with the entries that the logs have published. Each entry must be there at least
 * once. In order means: the first messages of the entries of a log are ascending, so an entry is never before an earlier one, except
 * in repeats.
 */
export class DeliveryTally {
  /** Sentences about wrong messages, at most {@link MOST_MISTAKES}. */
  readonly mistakes: string[] = [];
  readonly counts = { messages: 0, repeats: 0, outOfOrder: 0 };
  private readonly logs = new Map<string, LogDeliveries>();
  private readonly logOfPrefix = new Map<string, string>();

  /** @param from the first index of each log that the output must receive. */
  constructor(
    private readonly name: string,
    logs: readonly PublishedLog[],
    private readonly from: number,
  ) {
    for (const { url, size } of logs)
      this.logs.set(url, {
        received: new Uint8Array(size - from),
        highest: -1,
        lane: undefined,
        idPrefix: undefined,
      });
  }

  /** Adds the next message of its lane. */
  add({ text, id, lane }: StoredMessage): void {
    this.counts.messages++;
    const place = entryOf(text);
    if (place === undefined) return this.note(`a message without entry: ${text.toString('utf8', 0, 100)}`);
    const { url, index } = place;
    const log = this.logs.get(url);
    const position = index - this.from;
    if (log === undefined || position < 0 || position >= log.received.length)
      return this.note(`entry ${index} of ${url} was not published in the test`);
    log.lane ??= lane;
    if (log.lane !== lane) this.note(`${url} is in ${log.lane} and in ${lane}`);
    if (id !== undefined) this.checkId(id, url, index, log);
    if (log.received[position] > 0) this.counts.repeats++;
    else if (index < log.highest) this.counts.outOfOrder++;
    log.received[position] = 1;
    log.highest = Math.max(log.highest, index);
  }

  /** Number of entries that the output must receive. */
  get wanted(): number {
    return [...this.logs.values()].reduce((sum, { received }) => sum + received.length, 0);
  }

  /** Number of wanted entries that are not there. */
  get missing(): number {
    let missing = 0;
    for (const { received } of this.logs.values()) for (const count of received) if (count === 0) missing++;
    return missing;
  }

  /** One sentence for each log of which entries are missing. */
  missingByLog(): string[] {
    return [...this.logs].flatMap(([url, { received }]) => {
      const first = received.indexOf(0);
      if (first < 0) return [];
      const count = received.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
      return [`${this.name} lacks ${count} entries of ${url}, the first is ${this.from + first}`];
    });
  }

  private checkId(id: string, url: string, index: number, log: LogDeliveries): void {
    const end = `:${index}`;
    if (!id.endsWith(end)) return this.note(`entry ${index} of ${url} has the id ${id}`);
    const prefix = id.slice(0, -end.length);
    if (log.idPrefix === undefined) {
      const other = this.logOfPrefix.get(prefix);
      if (other !== undefined) this.note(`ids of ${url} and ${other} both begin with ${prefix}`);
      this.logOfPrefix.set(prefix, url);
      log.idPrefix = prefix;
    } else if (log.idPrefix !== prefix) this.note(`ids of ${url} begin with ${log.idPrefix} and ${prefix}`);
  }

  private note(mistake: string): void {
    if (this.mistakes.length < MOST_MISTAKES) this.mistakes.push(`${this.name}: ${mistake}`);
  }
}
