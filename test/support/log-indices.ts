import type { CertificateUpdate } from '../../src/certificate/certificate-message.js';
import type { StreamReader } from '../../src/testing/stream-reader.js';

/** Collects the indices that one lite or full client received of every log, for tests with many entries. */
export class LogIndices {
  private readonly byUrl = new Map<string, number[]>();
  private read = 0;

  constructor(readonly reader: StreamReader) {}

  /** Returns the `cert_index` of every received message of one log, in the order of arrival. */
  of(log: { readonly url: string }): readonly number[] {
    const { frames } = this.reader;
    for (; this.read < frames.length; this.read++) {
      const { source, cert_index: index } = (JSON.parse(frames[this.read]) as CertificateUpdate).data;
      const known = this.byUrl.get(source.url);
      if (known === undefined) this.byUrl.set(source.url, [index]);
      else known.push(index);
    }
    return this.byUrl.get(withoutSlash(log.url)) ?? [];
  }

  /** Resolves when index `end - 1` of each log has arrived. */
  async upTo(end: number, ...logs: readonly { readonly url: string }[]): Promise<void> {
    const isThere = (log: { readonly url: string }): boolean => this.of(log).includes(end - 1);
    await this.reader.until(
      () => logs.every(isThere),
      `index ${end - 1} of ${logs.map(({ url }) => url).join(', ')}`,
    );
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
