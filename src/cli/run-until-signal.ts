import { constants } from 'node:os';
import { fatalLine, lineFormat } from './fatal-lines.js';
import { STOP_SIGNALS, type StopSignal, takeEarlySignal } from './early-signals.js';

/** The server promises to stop within 15 s, and within 30 s while it starts. The files in `deploy` kill after 40 s. */
const STOP_DEADLINE_MS = 15_000;
/** Extra time for a start that a signal interrupts: a busy machine needs seconds to load the code. */
const START_DEADLINE_MS = 15_000;
/** npm passes a signal on to its child. After Ctrl-C in a terminal, which signals the whole group, the child gets it twice. */
const SAME_SIGNAL_MS = 500;

interface Stoppable {
  stop(): Promise<void>;
}

/** The part of `process` that this file uses. Tests replace it. */
export interface SignalHost {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  /** The signal that arrived before the listeners were added. */
  early(): StopSignal | undefined;
  /** A monotonic time in milliseconds. */
  now(): number;
  exit(code: number): void;
  complain(line: string): void;
}

const processHost: SignalHost = {
  on: (signal, listener) => process.on(signal, listener),
  off: (signal, listener) => process.off(signal, listener),
  early: takeEarlySignal,
  now: () => performance.now(),
  exit: (code) => process.exit(code),
  complain: (line) => process.stderr.write(fatalLine(line, lineFormat())),
};

/**
 * Calls `start`, and on SIGINT or SIGTERM stops the result and ends the process: with 0 after a clean stop, with 1 when
 * the stop fails or takes longer than `deadlineMs`, after the start if that is not complete. A second signal ends the process at once with 128 + its number; the same
 * signal within half a second counts as one. If a signal arrived before the call, the process ends with 0 and nothing is started.
 * @throws the error of `start`
 */
export async function runUntilSignal(
  start: () => Promise<Stoppable>,
  host: SignalHost = processHost,
  deadlineMs = STOP_DEADLINE_MS,
): Promise<void> {
  let starting: Promise<Stoppable> | undefined;
  let first: { readonly signal: StopSignal; readonly time: number } | undefined;
  const onSignal = (signal: StopSignal): void => {
    if (first !== undefined) {
      const isRepeated = signal === first.signal && host.now() - first.time < SAME_SIGNAL_MS;
      if (!isRepeated) host.exit(128 + constants.signals[signal]);
      return;
    }
    first = { signal, time: host.now() };
    void stopWithin(starting, deadlineMs, host);
  };
  for (const signal of STOP_SIGNALS) host.on(signal, onSignal);
  if (host.early() !== undefined) return host.exit(0);
  try {
    await (starting = start());
  } catch (error) {
    for (const signal of STOP_SIGNALS) host.off(signal, onSignal);
    throw error;
  }
}

async function stopWithin(
  starting: Promise<Stoppable> | undefined,
  deadlineMs: number,
  host: SignalHost,
): Promise<void> {
  const endAfter = (ms: number): NodeJS.Timeout =>
    setTimeout(() => {
      host.complain(`could not stop within ${ms / 1000} s; exiting`);
      host.exit(1);
    }, ms);
  let deadline = endAfter(deadlineMs + START_DEADLINE_MS);
  try {
    const started = await starting;
    clearTimeout(deadline);
    deadline = endAfter(deadlineMs);
    await started?.stop();
    host.exit(0);
  } catch (error) {
    host.complain(`could not stop cleanly: ${(error as Error).message}`);
    host.exit(1);
  } finally {
    clearTimeout(deadline);
  }
}
