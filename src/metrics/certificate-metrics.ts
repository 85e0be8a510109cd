import { type MetricContribution, type MetricDefinition, MetricSource } from '../discovery/metric-source.js';
import { CertificateFeed } from '../feed/certificate-feed.js';

/** Metrics of defects in the entries and certificates that were parsed. */
@MetricSource()
export class CertificateMetrics implements MetricContribution {
  constructor(private readonly feed: CertificateFeed) {}

  metrics(): MetricDefinition[] {
    const { stats } = this.feed.renderer;
    return [
      {
        type: 'counter',
        name: 'parse_errors_total',
        help: 'Number of entries streamed with a parse_error, by its value. Entries are parsed only if a client reads them.',
        labels: ['code'],
        read: (report) => {
          for (const [code, count] of stats.parseErrors) report(count, { code });
        },
      },
      {
        type: 'counter',
        name: 'malformed_extensions_total',
        help: 'Number of certificate extensions left out because they are malformed.',
        read: (report) => report(stats.malformedExtensions),
      },
      {
        type: 'counter',
        name: 'chain_gaps_total',
        help: 'Number of chains that end early because an issuer was not served.',
        read: (report) => report(stats.chainGaps),
      },
      {
        type: 'counter',
        name: 'chain_cuts_total',
        help: 'Number of chains in full messages that were cut: longer than 100 certificates or 1 MiB of text, or with a truncated list.',
        read: (report) => report(stats.chainCuts),
      },
      {
        type: 'counter',
        name: 'malformed_chain_certificates_total',
        help: 'Number of chain certificates in full messages of which only a part could be read.',
        read: (report) => report(stats.malformedChainCertificates),
      },
      {
        type: 'counter',
        name: 'impossible_dates_total',
        help: 'Number of certificate dates that do not exist in the calendar and are published as 0.',
        read: (report) => report(stats.impossibleDates),
      },
    ];
  }
}
