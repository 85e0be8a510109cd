import type { BatchPlace } from '../../certificate/entry-batch.js';
import type { ServerMessage } from '../encoding/frame-encoding.js';
import { MessageGap } from './message-gap.js';
import type { EntryRun } from './subscriber-queue.js';

/** The entries that one client does not get and has not been informed about. */
export class PendingGaps {
  private missed: MessageGap | undefined;
  private unavailable: MessageGap | undefined;

  /** @param cursorOf returns the cursor before an entry. */
  constructor(private readonly cursorOf: (place: BatchPlace) => string) {}

  /** Adds entries that the client missed because it was too slow. */
  addMissed(run: EntryRun): void {
    (this.missed ??= new MessageGap()).add(...run);
  }

  /** Adds entries that the log did not deliver. */
  addUnavailable(run: EntryRun): void {
    (this.unavailable ??= new MessageGap()).add(...run);
  }

  /** Returns the message about entries that were missed; undefined when none were. They count as reported. */
  takeMissed(): ServerMessage | undefined {
    const message = this.missed?.toMessage('slow', this.cursorOf);
    this.missed = undefined;
    return message;
  }

  /** @param isWhole whether the client wants every entry, so that the number of missing messages is known. */
  takeUnavailable(isWhole: boolean): ServerMessage | undefined {
    const message = this.unavailable?.toMessage('unavailable', this.cursorOf, isWhole);
    this.unavailable = undefined;
    return message;
  }

  clear(): void {
    this.missed = this.unavailable = undefined;
  }
}
