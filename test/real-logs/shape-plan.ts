import type { SeededRandom } from '../../src/simulator/pki/seeded-random.js';
import type { CertificateParts, Extension, SignatureAlgorithm } from './certificate-encoder.js';
import type { Authority, TestHierarchy } from './test-hierarchy.js';

/** A GeneralName: tag and contents. */
type GeneralName = [tag: number, contents: string | Buffer];

/** What distinguishes a certificate from an ordinary one. */
export interface ShapePlan {
  /** Default: the P-256 issuing CA. */
  readonly issuer?: Authority;
  /** Default: the usual algorithm of the key of the issuer. */
  readonly algorithm?: SignatureAlgorithm;
  /** Signs precertificates in place of the issuer. */
  readonly precertSigner?: Authority;
  /** Whether the submitted chain ends with the root. Default: every second one. */
  readonly hasRoot?: boolean;
  /** Last common name of the subject. Default: the host; empty: there is none. */
  readonly commonName?: string;
  /** Names of the subjectAltName. Default: the host. Empty: there is no such extension. */
  readonly names?: readonly GeneralName[];
  /** Extensions beside the subjectAltName. Default: those of an ordinary certificate. */
  readonly extensions?: readonly Extension[];
  /** The subject is a CA. */
  readonly isCa?: boolean;
  readonly parts?: Partial<CertificateParts>;
}

export interface ShapeContext {
  readonly hierarchy: TestHierarchy;
  readonly random: SeededRandom;
  /** A DNS name that no other certificate has. */
  readonly host: string;
}

/** Makes the plan of one certificate. */
export type Shape = (context: ShapeContext) => ShapePlan;

/** Tag of a dNSName. */
export const DNS = 0x82;
