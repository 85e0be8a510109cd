import { Inject, Injectable, Optional } from '@nestjs/common';
import { z } from 'zod';
import { CLUSTER, type Cluster } from '../cluster/cluster.js';
import { ENTRY_JOURNAL, type EntryJournal } from './journal/entry-journal.js';
import { JetStreamJournal } from './journal/jetstream/jetstream-journal.js';

const TOPIC = 'lag';

const memberLag = z.object({ records: z.int().min(0), seconds: z.number().min(0) });

/** What a member has not read of the stream, and for how long it has waited. */
export type MemberLag = z.infer<typeof memberLag>;

/** How far the members of a cluster are behind the stream. They send it each other every two seconds. */
@Injectable()
export class MemberLags {
  constructor(
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
    @Optional() @Inject(CLUSTER) private readonly cluster?: Cluster,
  ) {
    cluster?.publish(TOPIC, () => this.own);
  }

  /** Returns the lag of a member, by its id; undefined until it has said it, and for a member that is gone. */
  of(id: string): MemberLag | undefined {
    if (id === this.cluster?.self.id) return this.own;
    const { success, data } = memberLag.safeParse(this.cluster?.reports(TOPIC).get(id));
    return success ? data : undefined;
  }

  private get own(): MemberLag | undefined {
    const { journal } = this;
    if (!(journal instanceof JetStreamJournal)) return undefined;
    return { records: journal.stats.unreadRecords, seconds: journal.delay.lag };
  }
}
