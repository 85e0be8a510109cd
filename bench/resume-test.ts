/**
 * Disconnects clients at random moments and kills the server with SIGKILL while entries arrive. Each client continues after its
 * newest cursor. The test proves that every client gets every entry that it wants, and no entry twice in one run of the server.
 *
 *   npm run resume-test -- --reconnects 200 --kills 10 [--rate 600] [--logs 6] [--seed 7]
 *
 * The clients: the lite stream, the domains stream, a filter, each certificate once, and two that stop reading again and again. The
 * journal is on disk. The exit code is 1 when an entry is missing.
 */
import { readArguments } from './support/arguments.js';
import { runResumeTest } from './support/resume-test-run.js';

const defaults = { reconnects: 200, kills: 10, rate: 600, logs: 6, seed: Date.now() % 100_000 };
const { mistakes } = await runResumeTest({ ...readArguments(defaults), print: console.log });
process.exitCode = mistakes.length > 0 ? 1 : 0;
