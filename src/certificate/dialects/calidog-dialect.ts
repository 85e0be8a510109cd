import { keyUsageWriter } from '../extension-values.js';
import { ascii } from '../text-piece.js';
import { writeUnpaddedSerialNumber } from '../serial-number.js';
import { signatureAlgorithmNames } from '../signature-algorithm.js';
import {
  writeAuthorityInfoAccess,
  writeAuthorityKeyIdentifier,
  writeGeneralNames,
  writeSubjectKeyIdentifier,
} from './calidog-extensions.js';
import { writeCertificatePolicies } from './calidog-policies.js';
import type { Dialect } from './dialect.js';

/** Names by bit (RFC 5280, 4.2.1.3): the ASN.1 identifiers with a space before each capital letter. */
const KEY_USAGES = [
  'Digital Signature',
  'Non Repudiation',
  'Key Encipherment',
  'Data Encipherment',
  'Key Agreement',
  'Key Cert Sign',
  'C R L Sign',
  'Encipher Only',
  'Decipher Only',
];

/** Formats of CaliDog's original server, without its data losses (docs/wire-format.md, "The calidog dialect"). */
export const calidogDialect: Dialect = {
  extensions: {
    authorityInfoAccess: writeAuthorityInfoAccess,
    generalNames: writeGeneralNames,
    authorityKeyIdentifier: writeAuthorityKeyIdentifier,
    subjectKeyIdentifier: writeSubjectKeyIdentifier,
    certificatePolicies: writeCertificatePolicies,
    keyUsage: keyUsageWriter(KEY_USAGES),
  },
  names: { noCommonName: ascii('null'), aggregatedNoCommonName: ascii(''), aggregatedEmpty: ascii('/') },
  signatureAlgorithms: signatureAlgorithmNames.calidog,
  writeSerialNumber: writeUnpaddedSerialNumber,
  sourceUrl: (url) => `${url}/`,
};
