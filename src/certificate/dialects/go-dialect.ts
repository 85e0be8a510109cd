import {
  GO_KEY_USAGES,
  keyUsageWriter,
  writeAuthorityInfoAccess,
  writeAuthorityKeyIdentifier,
  writeCertificatePolicies,
  writeSubjectKeyIdentifier,
} from '../extension-values.js';
import { writeGeneralNames } from '../general-names.js';
import { ascii } from '../text-piece.js';
import { writeSerialNumber } from '../serial-number.js';
import { signatureAlgorithmNames } from '../signature-algorithm.js';
import type { Dialect } from './dialect.js';

/** Formats of certstream-server-go. */
export const goDialect: Dialect = {
  extensions: {
    authorityInfoAccess: writeAuthorityInfoAccess,
    generalNames: writeGeneralNames,
    authorityKeyIdentifier: writeAuthorityKeyIdentifier,
    subjectKeyIdentifier: writeSubjectKeyIdentifier,
    certificatePolicies: writeCertificatePolicies,
    keyUsage: keyUsageWriter(GO_KEY_USAGES),
  },
  names: { noCommonName: ascii('""'), aggregatedNoCommonName: ascii('/CN='), aggregatedEmpty: ascii('') },
  signatureAlgorithms: signatureAlgorithmNames.go,
  writeSerialNumber,
  sourceUrl: (url) => url,
};
