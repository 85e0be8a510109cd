import type { ConfigDraft } from './config-draft.js';
import type { CertstreamConfig } from './config-schema.js';
import { shownValue } from './shown-value.js';

/** Checks the outputs against each other and against the journal. */
export function checkOutputs({ outputs, journal }: CertstreamConfig, draft: ConfigDraft): void {
  outputs.forEach((output, index) => {
    const path = ['outputs', index];
    if (outputs.findIndex(({ name }) => name === output.name) < index)
      draft.problem(
        [...path, 'name'],
        `${shownValue(output.name)} is the name of two outputs; give each its own`,
      );
    if (output.enrich && output.stream === 'domains')
      draft.problem(
        [...path, 'enrich'],
        'has no effect on the messages of the domains stream; remove it, or use lite',
      );
  });
  if (outputs.some(({ enabled }) => enabled) && journal.store === 'memory')
    draft.warn(
      ['outputs'],
      `the journal in memory holds ${journal.max_mb} MiB: when an output is down, the logs soon wait, and with them all clients; use journal.store: disk`,
    );
}
