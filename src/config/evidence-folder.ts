import { dirname, join } from 'node:path';
import type { CertstreamConfig } from './config-schema.js';

/** Folder for evidence: `ct_log.evidence_dir`, or `ct_evidence` beside the saved positions. */
export function evidenceFolder({ general, ct_log }: CertstreamConfig): string {
  if (ct_log.evidence_dir !== '') return ct_log.evidence_dir;
  return join(dirname(general.recovery.ct_index_file), 'ct_evidence');
}
