#!/usr/bin/env node
import './start-flags.js';
import { catchEarlySignals } from './early-signals.js';
import { loadWithFewOpenFiles } from './few-open-files.js';

// Comes before all other code is loaded, since a signal may arrive at any time.
catchEarlySignals();
loadWithFewOpenFiles();
const { runProgram } = await import('./program.js');
await runProgram();
