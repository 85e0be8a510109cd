import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}

export interface OtlpPoint {
  readonly attributes: readonly Attribute[];
  readonly asDouble?: number;
  readonly count?: number | string;
  readonly sum?: number;
  readonly bucketCounts?: readonly (number | string)[];
  readonly explicitBounds?: readonly number[];
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

/** A metric as the JSON of OTLP has it. */
export interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: {
    readonly dataPoints: readonly OtlpPoint[];
    readonly isMonotonic: boolean;
    readonly aggregationTemporality: number;
  };
  readonly gauge?: { readonly dataPoints: readonly OtlpPoint[] };
  readonly histogram?: { readonly dataPoints: readonly OtlpPoint[]; readonly aggregationTemporality: number };
}

export interface OtlpSpan {
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number };
}

interface OtlpResource {
  readonly attributes: readonly Attribute[];
}

/** A receiver of OTLP over HTTP with JSON, which keeps what it gets. */
export class OtlpReceiver {
  /** The newest value of each metric by its name. */
  readonly metrics = new Map<string, OtlpMetric>();
  readonly spans: OtlpSpan[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  resource: Readonly<Record<string, string | undefined>> = {};

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        receiver.headers.push(request.headers);
        receiver.take(request.url ?? '', Buffer.concat(chunks).toString());
        response.setHeader('Content-Type', 'application/json').end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(path: string, text: string): void {
    if (path === '/v1/metrics') {
      const { resourceMetrics } = JSON.parse(text) as {
        resourceMetrics: { resource: OtlpResource; scopeMetrics: { metrics: OtlpMetric[] }[] }[];
      };
      for (const { resource, scopeMetrics } of resourceMetrics) {
        this.resource = valuesOf(resource.attributes);
        for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics))
          this.metrics.set(metric.name, metric);
      }
    } else if (path === '/v1/traces') {
      const { resourceSpans } = JSON.parse(text) as {
        resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[];
      };
      for (const { scopeSpans } of resourceSpans)
        this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
    } else throw new Error(`OTLP has no path ${path}`);
  }
}

/** Returns the values of attributes by their keys. */
export function valuesOf(attributes: readonly Attribute[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue?.toString()]),
  );
}
