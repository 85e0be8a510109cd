export type StopSignal = 'SIGINT' | 'SIGTERM';
export const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

let received: StopSignal | undefined;

function remember(signal: StopSignal): void {
  received ??= signal;
}

/**
 * Remembers a signal that arrives while the code of a command is being loaded. Without this, the signal would end the
 * process as if it had failed. Call {@link takeEarlySignal} later.
 */
export function catchEarlySignals(): void {
  for (const signal of STOP_SIGNALS) process.on(signal, remember);
}

/** Stops remembering signals, so that they have their usual effect again. @returns the first signal that arrived since. */
export function takeEarlySignal(): StopSignal | undefined {
  for (const signal of STOP_SIGNALS) process.off(signal, remember);
  return received;
}
