import { Controller, Inject, Param, Req, Res, UseFilters } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import type { Request, Response } from 'express';
import { webserverConfig } from '../config/config-namespace.js';
import { ApiError } from '../web/api-error.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import { TokenCheck } from '../web/auth/token-check.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { apiPage, requestedForm } from './api-page.js';
import { certificateDocument, sendCertificate, sendDocument } from './entry-document.js';
import { permissionOf } from './entry-permission.js';
import { DIGEST_BYTES, type DigestAlgorithm } from './lookup/digest-index.js';
import { JournalLookup } from './lookup/journal-lookup.js';

const FORMS = ['json', 'pem', 'der', 'text'] as const;

/** Serves `/api/cert/{hash}`: a certificate of the journal by its fingerprint. */
@Controller()
@UseFilters(ApiErrorFilter)
export class CertificatesController {
  constructor(
    private readonly lookup: JournalLookup,
    private readonly tokens: TokenCheck,
    @Inject(webserverConfig.KEY) private readonly config: ConfigType<typeof webserverConfig>,
  ) {}

  @FixedRoute(apiPage('/api/cert/:hash'))
  @Documented({
    summary: 'A certificate or precertificate of the journal by its fingerprint.',
    path: {
      hash: {
        description: 'SHA-256 or SHA-1 in hexadecimal, with or without colons.',
        pattern:
          '^(([0-9A-Fa-f]{2}){20}|([0-9A-Fa-f]{2}){32}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31})$',
      },
    },
    query: { format: { description: 'Form of the answer; default json.', values: FORMS } },
    answers: {
      json: ['certificate'],
      others: {
        'application/x-pem-file': 'PEM.',
        'application/pkix-cert': 'DER.',
        'text/plain': 'All fields for people.',
      },
    },
    errors: {
      400: 'The hash or the format is not valid.',
      404: 'The journal holds no such certificate.',
      422: 'The certificate cannot be printed in this form.',
    },
  })
  async certificate(
    @Param('hash') hash: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const form = requestedForm(request, FORMS);
    const filter = this.tokens.require(request, response, form === 'json' ? 'lite' : 'full');
    const { algorithm, digest } = parseHash(hash);
    const entry = await this.lookup.certificate(algorithm, digest, await permissionOf(filter));
    if (form !== 'json') return sendCertificate(response, entry, form);
    sendDocument(response, certificateDocument(entry, this.config.format));
  }
}

/** @throws ApiError (`API_HASH_INVALID`) */
function parseHash(text: string): { readonly algorithm: DigestAlgorithm; readonly digest: string } {
  // The length is checked first, so that a long text costs nothing.
  const hex = text.length <= 3 * DIGEST_BYTES.sha256 ? text.replaceAll(':', '') : '';
  const algorithm = hex.length === 2 * DIGEST_BYTES.sha1 ? 'sha1' : 'sha256';
  const hasColons = text.includes(':');
  const isValid = hasColons ? /^[\da-f]{2}(:[\da-f]{2})*$/i.test(text) : /^[\da-f]*$/i.test(text);
  if (!isValid || hex.length !== 2 * DIGEST_BYTES[algorithm]) {
    throw new ApiError(
      'API_HASH_INVALID',
      400,
      'the hash is not a SHA-256 or SHA-1: 64 or 40 hexadecimal digits, with or without colons between the octets',
    );
  }
  return { algorithm, digest: Buffer.from(hex, 'hex').toString('latin1') };
}
