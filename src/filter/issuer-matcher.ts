import { type ByteSource, equalOctets, hashOctets, sourceOf } from '../certificate/byte-source.js';
import { ByteWriter } from '../certificate/byte-writer.js';
import type { CertificateName } from '../certificate/certificate-message.js';
import { goDialect } from '../certificate/dialects/go-dialect.js';
import type { DerReader } from '../certificate/der-reader.js';
import { DistinguishedName } from '../certificate/distinguished-name.js';
import { lowerCaseAscii } from './filter-terms.js';
import { FoundIds } from './found-ids.js';
import { SubstringAutomaton } from './substring-automaton.js';

/** Several hundred CAs issue nearly all certificates. When one of the bounds is reached, all issuers are forgotten. */
const MAX_ISSUERS = 4096;
const MAX_BYTES = 4 * 1024 * 1024;

/** The issuer of a certificate: the contents of its RDNSequence. */
export interface IssuerName {
  readonly der: DerReader;
  readonly issuerStart: number;
  readonly issuerEnd: number;
}

interface KnownIssuer {
  /** Contents of the RDNSequence. */
  readonly name: ByteSource;
  /** CN and O in lower case. */
  readonly texts: readonly Buffer[];
  /** Version of the terms for which {@link ids} is right. */
  version: number;
  ids: readonly number[];
}

/**
 * Finds the terms that CN or O of an issuer contain. Issuers repeat, so it remembers by the octets of the Name what it found.
 */
export class IssuerMatcher {
  /** The terms that the issuer of the last call of {@link match} contains. */
  readonly found = new FoundIds();
  private readonly terms = new SubstringAutomaton();
  private readonly known = new Map<number, KnownIssuer>();
  private bytes = 0;
  private readonly out = new ByteWriter(1024);

  add(term: string): number {
    return this.terms.add(Buffer.from(term));
  }

  remove(term: string): void {
    this.terms.remove(Buffer.from(term));
  }

  /** Sets {@link found}. */
  match(name: IssuerName): void {
    const issuer = this.issuerOf(name);
    this.found.clear();
    if (issuer.version === this.terms.version) {
      for (const id of issuer.ids) this.found.add(id);
      return;
    }
    for (const text of issuer.texts) this.terms.search(text, 0, text.length, this.found.add);
    issuer.ids = [...this.found.list];
    issuer.version = this.terms.version;
  }

  private issuerOf(issuerName: IssuerName): KnownIssuer {
    const { der, issuerStart: start, issuerEnd: end } = issuerName;
    const hash = hashOctets(0, der, start, end);
    const known = this.known.get(hash);
    if (
      known !== undefined &&
      known.name.bytes.length === end - start &&
      equalOctets(der, start, end, known.name, 0)
    )
      return known;
    const name = sourceOf(Buffer.from(der.bytes.subarray(start, end)));
    const issuer = { name, texts: this.textsOf(issuerName), version: -1, ids: [] };
    this.bytes += end - start;
    if (this.known.size >= MAX_ISSUERS || this.bytes > MAX_BYTES) {
      this.known.clear();
      this.bytes = 0;
    }
    this.known.set(hash, issuer);
    return issuer;
  }

  /** Returns CN and O as messages print them, in lower case. */
  private textsOf({ der, issuerStart, issuerEnd }: IssuerName): Buffer[] {
    const name = new DistinguishedName(der);
    name.read(issuerStart, issuerEnd);
    this.out.restart(0);
    name.write(this.out, goDialect.names);
    const { CN, O } = JSON.parse(this.out.buffer.toString('utf8', 0, this.out.length)) as CertificateName;
    return [CN ?? '', O ?? ''].map((text) => Buffer.from(lowerCaseAscii(text)));
  }
}
