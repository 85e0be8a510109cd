import { ChainWriter } from '../chain-writer.js';
import type { LogSource } from '../entry-batch.js';
import { LeafCertWriter } from '../leaf-cert-writer.js';
import type { StreamKind } from '../rendered-texts.js';
import { calidogDialect } from './calidog-dialect.js';
import type { Dialect, DialectName } from './dialect.js';
import { goDialect } from './go-dialect.js';

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = { go: goDialect, calidog: calidogDialect };

/** Bytes per text of each stream. */
type TextSizes = Record<StreamKind, number>;

/** The writers of one dialect. Each dialect has its own caches. */
export class DialectWriters {
  readonly dialect: Dialect;
  readonly leafCerts: LeafCertWriter;
  readonly chains: ChainWriter;
  private readonly sizes = new WeakMap<LogSource, TextSizes>();

  constructor(name: DialectName) {
    this.dialect = DIALECTS[name];
    this.leafCerts = new LeafCertWriter(this.dialect);
    this.chains = new ChainWriter(this.leafCerts);
  }

  /** Returns the text sizes of the last batch of this log, from which the memory for the next batch is estimated. */
  textSizes(source: LogSource): TextSizes {
    let sizes = this.sizes.get(source);
    if (sizes === undefined) this.sizes.set(source, (sizes = { full: 0, lite: 0, domains: 0 }));
    return sizes;
  }
}
