import { afterEach, expect, it } from 'vitest';
import {
  CA,
  CA_KEY,
  ISSUED,
  NAMES,
  POISON,
} from '../../src/certificate/precertificate/testing/precertificate-samples.js';
import {
  certificate,
  generalizedTime,
  octets,
  oid,
  sequence,
  tbsCertificate,
  utcTime,
} from '../../src/certificate/testing/der-builder.js';
import type { Submission } from '../../src/simulator/log/log-entry.js';
import { sha256 } from '../support/ct-log-bytes.js';
import type { CertificateData } from '../../src/certificate/certificate-message.js';
import type { FaultKind } from '../../src/simulator/faults/fault-kinds.js';
import type { SimulatedLog } from '../../src/simulator/simulated-log.js';
import { NOTHING_LOST } from '../support/log-faults.js';
import { LogIndices } from '../support/log-indices.js';
import { scrape } from '../support/metrics.js';
import { range } from '../support/range.js';
import { TestSystem } from '../../src/testing/test-system.js';
import { statsOf } from '../support/log-figures.js';

/** Both sizes lie within one page of the RFC 6962 log and one tile of the tiled log. */
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
    name: 'a precertificate is served with the chain of another issuer',
    kind: 'other-issuer',
    code: 'CT_ISSUER_MISMATCH',
    counter: 'mismatched_issuers',
  },
] as const;
type Fault = (typeof FAULTS)[number];

let system: TestSystem;
let indices: LogIndices;
afterEach(() => system?.close());

/** Gives both kinds of log the fault while they grow from INITIAL to GROWN, and waits for all entries. */
async function run({ kind }: Fault, verification: 'warn' | 'enforce', times?: number): Promise<void> {
  system = await TestSystem.start({
    logs: [
      { name: 'rfc', initialEntries: INITIAL },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL },
    ],
    config: { ct_log: { verification }, prometheus: { enabled: true, listen_addr: '127.0.0.1' } },
  });
  indices = new LogIndices(await system.connect('/full-stream'));
  // Positions count from the beginning of a page or tile.
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
    await system.eventually(() => statsOf(system, log)!.verifiedIndex === GROWN, 'the proof of all entries');
  }
}

function messages(log: SimulatedLog): CertificateData[] {
  const url = log.url.replace(/\/+$/, '');
  const all = indices.reader.updates().map(({ data }) => data);
  return all.filter(({ source }) => source.url === url);
}

/** Index of the entry that is served wrongly. */
function wrongOf(log: SimulatedLog): number {
  return range(INITIAL, GROWN).find((index) => log.entry(index).type === 'precert_entry')!;
}

/** Expects every entry once and in order, with the DER and the chain of the log except for the entries in `except`. */
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

const linesAbout = (code: string, log: SimulatedLog) =>
  system.output.filter((line) => line.includes(code) && line.includes(log.url.replace(/\/+$/, '')));

for (const fault of FAULTS) {
  const { name, kind, code, counter } = fault;
  const isChain = kind === 'other-issuer';

  it(`${name}, once → the entry is fetched again before it is streamed; ${NOTHING_LOST}`, async () => {
    await run(fault, 'warn', 1);
    for (const log of system.simulator.logs) {
      expectAll(log);
      expect(statsOf(system, log)!.errors.get(code)).toBe(1);
      expect(statsOf(system, log)).toMatchObject({ mismatchedPrecertificates: 0, mismatchedIssuers: 0 });
      expect(linesAbout(code, log)).toEqual([]);
    }
  });

  it(`${name}, permanently → the entry is counted, logged once and streamed unchanged, and the tree stays verified; ${NOTHING_LOST}`, async () => {
    await run(fault, 'warn');
    const { logs } = (await (await system.get('/logs')).json()) as { logs: { verification: object }[] };
    const metrics = await scrape(system);
    for (const log of system.simulator.logs) {
      const wrong = wrongOf(log);
      expectAll(log, wrong);
      expect(linesAbout(code, log)).toHaveLength(1);
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

  it(`${name}, permanently, with enforce → the entry is streamed without the data that does not match its leaf, and reports this; ${NOTHING_LOST}`, async () => {
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

it(`a log that encodes the TBSCertificate of its leaves again → with enforce, nothing is left out; ${NOTHING_LOST}`, async () => {
  const usage = (...critical: Buffer[]) =>
    sequence(oid('2.5.29.15'), ...critical, octets(Buffer.from('03020780', 'hex')));
  const submitted = [NAMES, usage(Buffer.from('010100', 'hex')), POISON];
  const certificates = {
    issuer: ISSUED.issuer!,
    validity: sequence(generalizedTime('20250101000000Z'), utcTime('2601010000Z')),
  };
  const tbs = tbsCertificate({ ...ISSUED, extensions: [NAMES, usage()] });
  const length = Buffer.alloc(3);
  length.writeUIntBE(tbs.length, 0, 3);
  const submission: Submission = {
    type: 'precert_entry',
    signedEntry: Buffer.concat([Buffer.from([0, 1]), sha256(CA_KEY), length, tbs]),
    submittedDer: certificate({ ...certificates, extensions: submitted }),
    chain: [CA],
    domains: ['www.example.com'],
  };
  const source = { next: () => submission };
  system = await TestSystem.start({
    logs: [
      { name: 'rfc', initialEntries: INITIAL, source },
      { name: 'tiled', protocol: 'static-ct', initialEntries: INITIAL, source },
    ],
    config: { ct_log: { verification: 'enforce' } },
  });
  indices = new LogIndices(await system.connect('/full-stream'));
  for (const log of system.simulator.logs) {
    log.append(GROWN - INITIAL);
    log.publish();
    await indices.upTo(GROWN, log);
    expectAll(log);
    expect(statsOf(system, log)!.errors.size).toBe(0);
  }
});
