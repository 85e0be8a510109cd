import { vi } from 'vitest';

/** Setup file of all tests: `vi.waitFor` waits as long as a busy machine needs, instead of a second. It costs time only if a test fails. */
const GIVE_UP_MS = 60_000;
const PATIENT = Symbol.for('certstream:patient');

type WaitFor = typeof vi.waitFor & { [PATIENT]?: true };

const { waitFor } = vi as { waitFor: WaitFor };
if (waitFor[PATIENT] !== true) {
  const patient: WaitFor = (callback, options) =>
    waitFor(callback, {
      timeout: GIVE_UP_MS,
      ...(typeof options === 'number' ? { timeout: options } : options),
    });
  patient[PATIENT] = true;
  vi.waitFor = patient;
}
