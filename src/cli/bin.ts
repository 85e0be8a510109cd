#!/usr/bin/env node
import { buildProgram } from './program.js';
import { reportFailure } from './report-failure.js';

// `certstream-server … | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, (text) => process.stderr.write(text));
}
