import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CertificateBatch, DialectName, StreamKind } from '../../certificate/certificate-batch.js';
import { EntryFilter } from '../../filter/entry-filter.js';
import { filterFromJson, LARGEST_FILTER } from '../../filter/filter-input.js';
import { SingleFilter } from '../../filter/single-filter.js';
import { UniqueWindow } from '../../unique/unique-window.js';
import type { OutputRecord } from '../certificate-output.js';
import { OutputMessage } from './output-message.js';

/** The part of the settings of an output that says which messages it gets. */
export interface SelectionSettings {
  readonly stream: StreamKind;
  readonly format: DialectName;
  readonly enrich: boolean;
  readonly unique: boolean;
  readonly filter: Readonly<Record<string, unknown>>;
}

/** Above this share of a batch, writing all texts of the batch costs less than writing those of the chosen entries one by one. */
const WHOLE_BATCH = 0.3;

/** Chooses the entries of records that an output wants, and writes their messages. */
export class MessageSelection {
  private readonly filter: EntryFilter | undefined;
  private single: SingleFilter | undefined;
  private readonly window: UniqueWindow | undefined;
  /** Number of the first record that the output got in this run. */
  private since: number | undefined;
  /** The messages of records whose delivery may be repeated. */
  private readonly chosen = new WeakMap<CertificateBatch, readonly OutputMessage[]>();

  /** @param uniqueMegabytes memory for the certificates that were delivered (`stream.unique_window_mb`). */
  constructor(
    private readonly settings: SelectionSettings,
    uniqueMegabytes: number,
  ) {
    this.filter = filterFromJson(settings.filter, LARGEST_FILTER);
    if (!settings.unique) return;
    this.window = new UniqueWindow({ megabytes: uniqueMegabytes, now: () => performance.now() });
    this.window.addClient();
  }

  /**
   * Returns the messages of a record in the order of the log. Later calls for the same record return the same messages.
   * @throws the error of a matcher.
   */
  async messagesOf(record: OutputRecord): Promise<readonly OutputMessage[]> {
    const known = this.chosen.get(record.batch);
    if (known !== undefined) return known;
    if (this.filter !== undefined) this.single ??= await SingleFilter.of(this.filter, () => nextTurn());
    const messages = this.write(record, this.positionsIn(record));
    this.chosen.set(record.batch, messages);
    return messages;
  }

  private positionsIn({ batch, seq }: OutputRecord): readonly number[] {
    const positions = this.single?.match(batch.entries) ?? Array.from({ length: batch.count }, (_, i) => i);
    if (this.window === undefined) return positions;
    const since = (this.since ??= seq);
    let sightings = this.window.observe(batch);
    if (this.filter?.isAboutSighting === true) {
      const matching = new Set(positions);
      sightings = sightings.ofFilter(this.filter.key, (i) => matching.has(i));
    }
    return positions.filter((i) => !sightings.isRepeated(i, since) || this.hasParseError(batch, i));
  }

  /** An entry with a `parse_error` is never a repetition. Only its text says whether it has one. */
  private hasParseError(batch: CertificateBatch, i: number): boolean {
    const single = batch.single(i);
    single.texts('lite', this.settings.format);
    return single.hasParseError(0);
  }

  private write(record: OutputRecord, positions: readonly number[]): OutputMessage[] {
    const { stream, format, enrich } = this.settings;
    const { batch } = record;
    if (positions.length === 0) return [];
    if (positions.length >= batch.count * WHOLE_BATCH) {
      const texts = batch.texts(stream, format, enrich);
      return positions.map((i) => OutputMessage.inTexts(texts, stream, record, i));
    }
    return positions.map((i) => OutputMessage.of(batch.text(stream, i, format, enrich), stream, record, i));
  }
}
