import { Controller, Inject, Param, Req, Res, UseFilters } from '@nestjs/common';
import type { ConfigType } from '@nestjs/config';
import type { Request, Response } from 'express';
import { webserverConfig } from '../config/config-namespace.js';
import { ApiError } from '../web/api-error.js';
import { ApiErrorFilter } from '../web/api-error.filter.js';
import type { ProtectedStream } from '../web/auth/access-tokens.js';
import { TokenCheck } from '../web/auth/token-check.js';
import { FixedRoute } from '../web/fixed-routes.js';
import { Documented } from '../web/page-doc.js';
import { apiPage, requestedForm } from './api-page.js';
import { sendCertificate, sendDocument } from './entry-document.js';
import { permissionOf } from './entry-permission.js';
import { LogEntries } from './log-entries.js';

const FORMS = ['full', 'lite', 'domains', 'pem', 'der'] as const;
/** The stream that a token must open for each form. */
const STREAMS: Readonly<Record<(typeof FORMS)[number], ProtectedStream>> = {
  full: 'full',
  lite: 'lite',
  domains: 'domains-only',
  pem: 'full',
  der: 'full',
};

/** Serves `/api/entries/{log}/{index}`: one entry, from the journal or from its log. */
@Controller()
@UseFilters(ApiErrorFilter)
export class EntriesController {
  constructor(
    private readonly entries: LogEntries,
    private readonly tokens: TokenCheck,
    @Inject(webserverConfig.KEY) private readonly config: ConfigType<typeof webserverConfig>,
  ) {}

  @FixedRoute(apiPage('/api/entries/:log/:index'))
  @Documented({
    summary: 'One entry of a followed log, from the journal or fetched from the log.',
    path: {
      log: { description: 'The log id, the URL, or the name of the log, URL-encoded.' },
      index: { description: 'Index of the entry in the log.', pattern: '^[0-9]{1,15}$' },
    },
    query: { format: { description: 'Form of the answer; default full.', values: FORMS } },
    answers: {
      json: ['certificate_update.full', 'certificate_update.lite', 'dns_entries'],
      others: { 'application/x-pem-file': 'PEM.', 'application/pkix-cert': 'DER.' },
    },
    errors: {
      400: 'The index or the format is not valid.',
      404: 'The log is not followed or has no such entry, the filter of the token does not match it, or another member of the cluster follows the log and the journal does not hold the entry.',
      422: 'The entry has no certificate.',
      502: 'The log did not serve the entry.',
      504: 'The log did not answer in time.',
    },
  })
  async entry(
    @Param('log') log: string,
    @Param('index') index: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const form = requestedForm(request, FORMS);
    const filter = this.tokens.require(request, response, STREAMS[form]);
    const isPermitted = await permissionOf(filter);
    const entry = await this.entries.get(log, indexOf(index), request, response);
    if (!isPermitted(entry)) {
      const text = 'the filter of the access token does not match this entry';
      throw new ApiError('API_ENTRY_FILTERED', 404, text);
    }
    if (form === 'pem' || form === 'der') return sendCertificate(response, entry, form);
    sendDocument(response, entry.json(form, this.config.format).trimEnd());
  }
}

/** @throws ApiError (`API_INDEX_INVALID`) */
function indexOf(text: string): number {
  const index = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(index)) return index;
  throw new ApiError('API_INDEX_INVALID', 400, 'the index is not a whole number from 0 on');
}
