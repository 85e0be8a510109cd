#!/usr/bin/env node
import './start-flags.js';
import { catchEarlySignals } from './early-signals.js';

// Comes before all other code is loaded, since a signal may arrive at any time.
catchEarlySignals();
const { runProgram } = await import('./program.js');
await runProgram();
