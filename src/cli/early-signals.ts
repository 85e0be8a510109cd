export type StopSignal = 'SIGINT' | 'SIGTERM';
export const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

let received: StopSignal | undefined;

function remember(signal: StopSignal): void {
  received ??= signal;
}

/**
 * Keeps a signal that comes while the code of a command is still being loaded, where it would end the process as if
 * it had failed. {@link takeEarlySignal} has to follow.
 */
export function catchEarlySignals(): void {
  for (const signal of STOP_SIGNALS) process.on(signal, remember);
}

/** Signals do what they always do from now on. @returns the first one that came meanwhile. */
export function takeEarlySignal(): StopSignal | undefined {
  for (const signal of STOP_SIGNALS) process.off(signal, remember);
  return received;
}
