/**
 * Counters of the certificate engine, which the metrics read at every scrape. An entry is counted once, when the texts of
 * its batch are first written. Batches without requested texts are not parsed and not counted.
 */
export class CertificateStats {
  /** Entries with `parse_error`, by its value. */
  readonly parseErrors = new Map<string, number>();
  /**
   * Extensions of leaf certificates left out because they are malformed. If all clients use the domains-only stream, only
   * extensions that the domains depend on, or whose outer structure is broken, are counted.
   */
  malformedExtensions = 0;
  /** Dates of leaf certificates that do not exist in the calendar and are published as 0. */
  impossibleDates = 0;
  /** Chains of tiled logs that end early because an issuer was unavailable. */
  chainGaps = 0;
  /** Chains of the full stream that end early: after 100 certificates or 1 MiB of text, or where the list becomes unreadable. */
  chainCuts = 0;
  /** Chain certificates of the full stream that could be read only in part and are published with the readable part. */
  malformedChainCertificates = 0;

  countParseError(code: string): void {
    this.parseErrors.set(code, (this.parseErrors.get(code) ?? 0) + 1);
  }
}
