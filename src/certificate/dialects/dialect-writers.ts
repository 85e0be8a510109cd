import { ChainWriter } from '../chain-writer.js';
import type { LogSource } from '../entry-batch.js';
import { LeafCertWriter } from '../leaf-cert-writer.js';
import type { StreamKind } from '../rendered-texts.js';
import { calidogDialect } from './calidog-dialect.js';
import type { Dialect, DialectName } from './dialect.js';
import { goDialect } from './go-dialect.js';

const DIALECTS: Readonly<Record<DialectName, Dialect>> = { go: goDialect, calidog: calidogDialect };

/** Bytes per text of each stream. */
type TextSizes = Record<StreamKind, number>;

/** The writers of one dialect, with caches of their own. */
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

  /** Of the last batch of this log, so that the next one is mostly written into memory of the right size. */
  textSizes(source: LogSource): TextSizes {
    let sizes = this.sizes.get(source);
    if (sizes === undefined) this.sizes.set(source, (sizes = { full: 0, lite: 0, domains: 0 }));
    return sizes;
  }
}
