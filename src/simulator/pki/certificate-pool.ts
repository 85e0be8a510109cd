import type { CertificateIssuer } from './certificate-issuer.js';
import type { Submission, SubmissionSource } from '../log/log-entry.js';
import { SeededRandom } from './seeded-random.js';

/** Share of precertificates whose final certificate is logged as well; it gives about 70 % precert entries. */
const FINAL_CERTIFICATE_SHARE = 0.43;

/**
 * Issues new certificates until `size` submissions exist, then repeats them. This bounds memory and signing cost at
 * any rate.
 */
export class CertificatePool implements SubmissionSource {
  private readonly submissions: Submission[] = [];
  private readonly random: SeededRandom;
  private position = 0;

  /** @param size with Infinity, every submission is new. */
  constructor(
    private readonly issuer: CertificateIssuer,
    readonly size: number,
    seed = 1,
  ) {
    this.random = new SeededRandom(seed);
  }

  next(): Submission {
    if (this.position === this.submissions.length && this.submissions.length < this.size) this.issue();
    const submission = this.submissions[this.position];
    if (!submission) throw new RangeError('a certificate pool needs a size of at least 1');
    if (this.size === Infinity) {
      this.submissions.splice(0, 1);
    } else {
      this.position++;
      if (this.position >= this.size) this.position = 0;
    }
    return submission;
  }

  /** Issues the whole pool now instead of on first use. */
  prefill(): this {
    while (this.submissions.length < this.size && this.size !== Infinity) this.issue();
    return this;
  }

  private issue(): void {
    const { precertificate, certificate } = this.issuer.issue();
    this.submissions.push(precertificate);
    if (this.random.next() < FINAL_CERTIFICATE_SHARE) this.submissions.push(certificate);
  }
}
