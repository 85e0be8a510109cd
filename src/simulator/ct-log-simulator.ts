import type { IncomingMessage, ServerResponse } from 'node:http';
import { CertificateIssuer } from './pki/certificate-issuer.js';
import { CertificatePool } from './pki/certificate-pool.js';
import type { SubmissionSource } from './log/log-entry.js';
import type { FaultHandle } from './faults/faults.js';
import { FaultSet } from './faults/faults.js';
import { answer, endpointOf } from './log/log-endpoints.js';
import type { GrowthOptions } from './log/log-growth.js';
import { LogListDocument } from './log-list-document.js';
import { LogListener } from './log-listener.js';
import type { TlsCertificate } from './log-listener.js';
import { conditional, entityTag, htmlReply, sendReply } from './log/reply.js';
import type { Reply } from './log/reply.js';
import type { IncomingLogRequest, LogRequestContext } from './log/request-context.js';
import { RequestLog } from './log/request-log.js';
import type { Endpoint, LoggedRequest } from './log/request-log.js';
import { SimulatedLog } from './simulated-log.js';
import type { SimulatedLogOptions } from './log/simulated-log-options.js';

export interface CtLogSimulatorOptions {
  /** Default 0: a free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: plain HTTP. */
  readonly tls?: TlsCertificate;
  readonly logs?: readonly SimulatedLogOptions[];
  /** Seed of the names, serial numbers and kinds of certificates. Default 1. */
  readonly seed?: number;
  /** Number of different submissions before certificates repeat. Default 2000; with Infinity they never repeat. */
  readonly certificates?: number;
}

const DEFAULT_CERTIFICATES = 2000;

/** Serves CT logs and their signed list from one HTTP server, by default on the loopback interface. */
export class CtLogSimulator {
  /** Faults of `/log_list.json` and `/log_list.sig` (endpoints `log-list`, `log-list-sig`). */
  readonly faults = new FaultSet();
  /** Requests for the log list and for paths outside all logs. */
  readonly requests = new RequestLog();
  readonly logList = new LogListDocument();
  private readonly byName = new Map<string, SimulatedLog>();
  private readonly listener: LogListener;
  private sequence = 0;

  private constructor(
    readonly issuer: CertificateIssuer,
    private readonly source: SubmissionSource,
    options: CtLogSimulatorOptions,
  ) {
    const { port = 0, host = '127.0.0.1', tls } = options;
    this.listener = new LogListener({ port, host, ...(tls && { tls }) }, (message, response) =>
      this.serve(message, response),
    );
  }

  static async start(options: CtLogSimulatorOptions = {}): Promise<CtLogSimulator> {
    const issuer = await CertificateIssuer.create({ seed: options.seed ?? 1 });
    const pool = new CertificatePool(issuer, options.certificates ?? DEFAULT_CERTIFICATES, options.seed);
    const simulator = new CtLogSimulator(issuer, pool, options);
    await simulator.listener.listen();
    for (const log of options.logs ?? []) simulator.addLog(log);
    return simulator;
  }

  /** `http://127.0.0.1:<port>`, without trailing slash. */
  get url(): string {
    return this.listener.url;
  }

  /** Refuses connections until {@link comeBack}. The logs continue to grow. */
  goAway(): Promise<void> {
    return this.listener.close();
  }

  /** Listens at the same address again. */
  comeBack(): Promise<void> {
    return this.listener.listen();
  }

  /** Sets the certificate that TLS clients receive from now on. */
  setCertificate(certificate: TlsCertificate): void {
    this.listener.setCertificate(certificate);
  }

  get logListUrl(): string {
    return `${this.url}/log_list.json`;
  }

  get logListSignatureUrl(): string {
    return `${this.url}/log_list.sig`;
  }

  /** Public key that verifies the signature of the log list. */
  get publicKeyPem(): string {
    return this.logList.publicKeyPem;
  }

  get logs(): SimulatedLog[] {
    return [...this.byName.values()];
  }

  /** Returns the log of this name. @throws RangeError for an unknown name. */
  log(name: string): SimulatedLog {
    const log = this.byName.get(name);
    if (!log) throw new RangeError(`no simulated log "${name}"`);
    return log;
  }

  /** Adds a log and publishes its first head. The list contains it from the next request on. */
  addLog(options: SimulatedLogOptions): SimulatedLog {
    if (this.byName.has(options.name)) throw new RangeError(`log "${options.name}" exists already`);
    const { rsaRoot, ecdsaRoot } = this.issuer.hierarchy;
    const source = options.source ?? this.source;
    const log = new SimulatedLog(options, this.url, source, [rsaRoot.der, ecdsaRoot.der]);
    this.byName.set(options.name, log);
    return log;
  }

  /** Removes a log: it stops growing, leaves the list, and its paths answer 404. {@link restoreLog} reverts this. */
  removeLog(log: SimulatedLog | string): SimulatedLog {
    const removed = typeof log === 'string' ? this.log(log) : log;
    removed.stop();
    this.byName.delete(removed.options.name);
    return removed;
  }

  /** Adds a removed log again, with its tree and its key. */
  restoreLog(log: SimulatedLog): void {
    this.byName.set(log.options.name, log);
  }

  /** Makes all logs grow, each at an equal share of the rate, with heads spread over the interval. */
  startGrowth({ entriesPerSecond, headIntervalMs = 1000 }: Omit<GrowthOptions, 'phaseMs'>): void {
    const { logs } = this;
    logs.forEach((log, i) => {
      const phaseMs = (headIntervalMs * (i + 1)) / logs.length;
      log.start({ entriesPerSecond: entriesPerSecond / logs.length, headIntervalMs, phaseMs });
    });
  }

  /** Stops the growth of all logs and publishes everything appended. */
  stopGrowth(): void {
    for (const log of this.logs) log.stop();
  }

  /** Stops growth, releases every fault and cuts every connection. */
  async close(): Promise<void> {
    this.stopGrowth();
    this.faults.clear();
    for (const log of this.logs) log.faults.clear();
    await this.listener.close();
  }

  private async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? '/', this.url);
    const [, name = ''] = url.pathname.split('/', 2);
    const log = this.byName.get(name);
    const path = log ? url.pathname.slice(name.length + 1) : url.pathname;
    const request: IncomingLogRequest = {
      endpoint: log ? endpointOf(path, log.options.protocol) : listEndpoint(path),
      method: message.method ?? 'GET',
      path,
      query: url.searchParams,
      headers: message.headers,
    };
    const faults = (log ?? this).faults.take(request);
    const made = log ? answerOf(log, request, faults) : this.listReply(request);
    const reply = conditional(applyReplyFaults(made, request, faults), message.headers);
    (log ?? this).requests.add(this.record(request, reply, faults));
    await deliver(message, response, reply, faults);
  }

  private listReply({ endpoint }: IncomingLogRequest): Reply {
    if (endpoint === 'unknown') return htmlReply(404, 'Not Found');
    const { json, signature } = this.logList.render(this.logs);
    return endpoint === 'log-list'
      ? { status: 200, headers: { 'Content-Type': 'application/json', ...entityTag(json) }, body: json }
      : { status: 200, headers: { 'Content-Type': 'application/octet-stream' }, body: signature };
  }

  private record(request: IncomingLogRequest, reply: Reply, faults: readonly FaultHandle[]): LoggedRequest {
    this.sequence++;
    const kinds = faults.map(({ spec }) => spec.kind);
    return { ...request, sequence: this.sequence, at: Date.now(), status: reply.status, faults: kinds };
  }
}

function listEndpoint(path: string): Endpoint {
  if (path === '/log_list.json') return 'log-list';
  return path === '/log_list.sig' ? 'log-list-sig' : 'unknown';
}

function answerOf(log: SimulatedLog, request: IncomingLogRequest, faults: readonly FaultHandle[]): Reply {
  const context: LogRequestContext = {
    ...request,
    log,
    history: log.history,
    head: log.head,
    entryEdits: [],
  };
  for (const { hooks } of faults) hooks.prepare?.(context);
  return answer(context);
}

function applyReplyFaults(reply: Reply, request: IncomingLogRequest, faults: readonly FaultHandle[]): Reply {
  return faults.reduce((changed, { hooks }) => hooks.reply?.(changed, request) ?? changed, reply);
}

async function deliver(
  message: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  faults: readonly FaultHandle[],
): Promise<void> {
  const sender = faults.findLast(({ hooks }) => 'send' in hooks);
  if (!sender?.hooks.send) return sendReply(response, reply);
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  message.resume();
  await sender.hooks.send({ reply, response, released: sender.released, signal: closed.signal });
}
