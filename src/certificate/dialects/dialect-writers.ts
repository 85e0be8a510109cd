import { ChainWriter } from '../chain-writer.js';
import { LeafCertWriter } from '../leaf-cert-writer.js';
import type { StreamKind } from '../rendered-texts.js';
import { calidogDialect } from './calidog-dialect.js';
import type { Dialect, DialectName } from './dialect.js';
import { goDialect } from './go-dialect.js';

const DIALECTS: Readonly<Record<DialectName, Dialect>> = { go: goDialect, calidog: calidogDialect };

/** The writers of one dialect, with caches of their own. */
export class DialectWriters {
  readonly dialect: Dialect;
  readonly leafCerts: LeafCertWriter;
  readonly chains: ChainWriter;
  /** Bytes per text the last time, so that a batch is mostly written into memory of the right size. */
  readonly textSizes: Record<StreamKind, number> = { full: 0, lite: 0, domains: 0 };

  constructor(name: DialectName) {
    this.dialect = DIALECTS[name];
    this.leafCerts = new LeafCertWriter(this.dialect);
    this.chains = new ChainWriter(this.leafCerts);
  }
}
