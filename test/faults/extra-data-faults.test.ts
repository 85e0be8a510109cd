import { afterEach, expect, it } from 'vitest';
import type { CertificateData } from '../../src/certificate/certificate-message.js';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import { scrape } from '../support/metrics.js';
import { range } from '../support/stream-reader.js';
import { TestSystem } from '../support/system.js';

/** Within a page of the one log and a tile of the other. */
const INITIAL = 10;
const GROWN = 40;
const FAULTS = [
  {
    name: 'a bit of a submitted precertificate is flipped',
    kind: 'flip-precertificate',
    code: 'CT_PRECERT_MISMATCH',
    counter: 'mismatched_precertificates',
  },
  {
    name: 'a precertificate comes with the chain of another issuer',
    kind: 'other-issuer',
    code: 'CT_ISSUER_MISMATCH',
    counter: 'mismatched_issuers',
  },
] as const;
type Fault = (typeof FAULTS)[number];

let system: TestSystem;
let indices: LogIndices;
afterEach(() => system?.close());

/** Both kinds of log have the fault while they grow from INITIAL to GROWN, and all that grew has come. */
async function run({ kind }: Fault, verification: 'warn' | 'enforce', times?: number): Promise<void> {
  system = await TestSystem.start({
    logs: [
      { name: 'rfc', initialEntries: INITIAL },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
    ],
    config: { ct_log: { verification }, prometheus: { enabled: true, listen_addr: '127.0.0.1' } },
  });
  indices = new LogIndices(await system.connect('/full-stream'));
  // Positions count from the begin of a page or tile.
  for (const [name, at] of [
    ['rfc', 0],
    ['tiled', INITIAL],
  ] as const) {
    const log = system.simulator.log(name);
    const fault: FaultKind = { kind, at };
    const handle = log.faults.add({
      ...fault,
      endpoint: ['get-entries', 'tile-data'],
      ...(times && { times }),
    });
    log.append(GROWN - INITIAL);
    log.publish();
    await indices.upTo(GROWN, log);
    handle.remove();
    await system.eventually(() => system.statsOf(log)!.verifiedIndex === GROWN, 'the proof of all entries');
  }
}

function messages(log: SimulatedLog): CertificateData[] {
  const url = log.url.replace(/\/+$/, '');
  const all = indices.reader.updates().map(({ data }) => data);
  return all.filter(({ source }) => source.url === url);
}

/** Index of the entry that comes wrongly. */
function wrongOf(log: SimulatedLog): number {
  return range(INITIAL, GROWN).find((index) => log.entry(index).type === 'precert_entry')!;
}

/** Everything once and in order; all but the entries named with the DER and the chain that the log has. */
function expectAll(log: SimulatedLog, ...except: number[]): void {
  expect(indices.of(log)).toEqual(range(INITIAL, GROWN));
  for (const { cert_index: index, leaf_cert, chain, parse_error } of messages(log)) {
    if (except.includes(index)) continue;
    const entry = log.entry(index);
    expect(parse_error).toBeUndefined();
    expect(leaf_cert.as_der).toBe(entry.submittedDer.toString('base64'));
    expect(chain?.map(({ as_der }) => as_der)).toEqual(entry.chain.map((der) => der.toString('base64')));
  }
}

const told = (code: string, log: SimulatedLog) =>
  system.output.filter((line) => line.includes(code) && line.includes(log.url.replace(/\/+$/, '')));

for (const fault of FAULTS) {
  const { name, kind, code, counter } = fault;
  const isChain = kind === 'other-issuer';

  it(`${name}, once → it is fetched again before it is streamed; ${NOTHING_LOST}`, async () => {
    await run(fault, 'warn', 1);
    for (const log of system.simulator.logs) {
      expectAll(log);
      expect(system.statsOf(log)!.errors.get(code)).toBe(1);
      expect(system.statsOf(log)).toMatchObject({ mismatchedPrecertificates: 0, mismatchedIssuers: 0 });
      expect(told(code, log)).toEqual([]);
    }
  });

  it(`${name}, for good → it is counted, reported once and streamed unchanged, and the tree stays verified; ${NOTHING_LOST}`, async () => {
    await run(fault, 'warn');
    const { logs } = (await (await system.get('/logs')).json()) as { logs: { verification: object }[] };
    const metrics = await scrape(system);
    for (const log of system.simulator.logs) {
      const wrong = wrongOf(log);
      expectAll(log, wrong);
      expect(told(code, log)).toHaveLength(1);
      const [{ parse_error, leaf_cert, chain }] = messages(log).filter(
        ({ cert_index }) => cert_index === wrong,
      );
      const { submittedDer, chain: right } = log.entry(wrong);
      expect(parse_error).toBeUndefined();
      expect(leaf_cert.as_der === submittedDer.toString('base64')).toBe(isChain);
      expect(chain).toHaveLength(right.length - (isChain ? 1 : 0));
      const samples = [...metrics].filter(([sample]) => sample.includes(`log_${counter}_total`));
      expect(samples.map(([, value]) => value)).toEqual([1, 1]);
    }
    for (const { verification } of logs)
      expect(verification).toMatchObject({ state: 'verified', failures: 0, [counter]: 1 });
  });

  it(`${name}, for good, with enforce → the entry is streamed without what is not of its leaf, and says so; ${NOTHING_LOST}`, async () => {
    await run(fault, 'enforce');
    for (const log of system.simulator.logs) {
      const wrong = wrongOf(log);
      expectAll(log, wrong);
      const [{ parse_error, leaf_cert, chain, update_type }] = messages(log).filter(
        ({ cert_index }) => cert_index === wrong,
      );
      const { submittedDer, chain: right, domains } = log.entry(wrong);
      expect(parse_error).toBe('mismatched_extra_data');
      expect(update_type).toBe('PrecertLogEntry');
      expect(leaf_cert.all_domains).toEqual(expect.arrayContaining([...domains]));
      expect(leaf_cert.as_der).toBe(isChain ? submittedDer.toString('base64') : '');
      expect(chain).toHaveLength(isChain ? 0 : right.length);
    }
  });
}
