import type { CtHttp, CtHttpRequest } from '../../src/ct-log/client/http/ct-http.js';

/** An HTTP client whose requests stay open until the test answers them. */
export class HeldHttp implements CtHttp {
  readonly asked = new Map<
    string,
    {
      readonly resolve: (body: Buffer) => void;
      readonly reject: (error: Error) => void;
      readonly onBytes: CtHttpRequest['onBytes'];
    }
  >();

  get(url: string, { onBytes }: CtHttpRequest): Promise<Buffer> {
    return new Promise((resolve, reject) => this.asked.set(url, { resolve, reject, onBytes }));
  }

  async read<T>(url: string, request: CtHttpRequest, use: (body: Buffer) => T): Promise<T> {
    return use(await this.get(url, request));
  }

  answer(url: string): void {
    this.asked.get(url)?.resolve(Buffer.from(url));
  }
}
