/**
 * Simulated logs in a process of their own, which `SimulatedLogs` controls over IPC. Certificates are made once and reused,
 * so that this process needs little CPU time.
 */
import { CtLogSimulator } from '../../src/simulator/ct-log-simulator.js';
import type { Submission } from '../../src/simulator/log/log-entry.js';
import { completeRawEntry } from '../../src/simulator/log/raw-entry.js';
import type { SubmissionSource } from '../../src/simulator/log/log-entry.js';
import { corpusVariants } from './bench-input.js';
import type { LogCounts, LogsCommand, LogsReady, LogsSetup } from './simulated-logs.js';

const CERTIFICATES = 2000;
const INITIAL_ENTRIES = 300;
/** Offsets of the entry type and of the length after it in a MerkleTreeLeaf (RFC 6962, 3.4). */
const ENTRY_TYPE = 10;
const X509_LENGTH = 12;
const PRECERT_LENGTH = X509_LENGTH + 32;

/** Supplies the same real entries repeatedly. */
class RecycledEntries implements SubmissionSource {
  private readonly submissions: readonly Submission[];
  private position = 0;

  constructor(corpus: string) {
    this.submissions = corpusVariants(corpus, CERTIFICATES).map((row) => {
      const { type, leafInput, submittedDer, chain } = completeRawEntry(row, () => undefined);
      const length = type === 'precert_entry' ? PRECERT_LENGTH : X509_LENGTH;
      const end = length + 3 + leafInput.readUIntBE(length, 3);
      return { type, submittedDer, chain, domains: [], signedEntry: leafInput.subarray(ENTRY_TYPE, end) };
    });
  }

  next(): Submission {
    this.position = (this.position + 1) % this.submissions.length;
    return this.submissions[this.position];
  }
}

const setup = JSON.parse(process.argv[2]) as LogsSetup;
const source = setup.corpus === undefined ? undefined : new RecycledEntries(setup.corpus);
const simulator = await CtLogSimulator.start({
  certificates: CERTIFICATES,
  logs: Array.from({ length: setup.logs }, (_, n) => ({
    name: `log${n}`,
    operator: `Operator ${n % 8}`,
    protocol: n < setup.staticCtLogs ? ('static-ct' as const) : ('rfc6962' as const),
    gzipPages: setup.gzip,
    initialEntries: INITIAL_ENTRIES,
    source,
  })),
});

function counts(): LogCounts {
  const { logs } = simulator;
  return {
    entries: logs.reduce((sum, { head }) => sum + head.treeSize - INITIAL_ENTRIES, 0),
    requests: logs.reduce((sum, { requests }) => sum + requests.total, 0),
  };
}

process.on('message', ({ entriesPerSecond, headIntervalMs }: LogsCommand) => {
  if (headIntervalMs !== undefined) simulator.startGrowth({ entriesPerSecond, headIntervalMs });
  process.send?.(counts());
});
process.on('disconnect', () => process.exit());
process.send?.({
  listUrl: simulator.logListUrl,
  publicKeyPem: simulator.publicKeyPem,
  logUrls: simulator.logs.map(({ url }) => url.replace(/\/$/, '')),
} satisfies LogsReady);
