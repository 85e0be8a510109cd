#!/usr/bin/env node
import './start-flags.js';
import { handleOutputErrors } from './output-errors.js';
import { buildProgram } from './program.js';
import { reportFailure } from './report-failure.js';

handleOutputErrors(process);

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, (text) => process.stderr.write(text));
}
