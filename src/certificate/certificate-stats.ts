/**
 * Counters of the certificate engine, read by the metrics when they are scraped. An entry counts once, when the
 * texts of its batch are first written; a batch that nobody wants the texts of is not looked into.
 */
export class CertificateStats {
  /** Entries that carry `parse_error`, by its value. */
  readonly parseErrors = new Map<string, number>();
  /**
   * Extensions of leaf certificates left out because they are malformed. With listeners on the domains-only stream
   * alone, only those that the domains depend on or whose frame is broken.
   */
  malformedExtensions = 0;
  /** Dates of leaf certificates that do not exist and are published as 0. */
  impossibleDates = 0;
  /** Chains of tiled logs that end early because an issuer could not be had. */
  chainGaps = 0;
  /** Chains of the full stream that end early: after 100 certificates, or where the list cannot be read further. */
  chainCuts = 0;
  /** Chain certificates of the full stream that could not be read entirely and are published with what could. */
  malformedChainCertificates = 0;

  countParseError(code: string): void {
    this.parseErrors.set(code, (this.parseErrors.get(code) ?? 0) + 1);
  }
}
