#!/usr/bin/env node
import './start-flags.js';
import { catchEarlySignals } from './early-signals.js';

// Before anything else is loaded: a signal may come at any time.
catchEarlySignals();
const { runProgram } = await import('./program.js');
await runProgram();
