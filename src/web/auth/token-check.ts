import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpException, Injectable } from '@nestjs/common';
import type { EntryFilter } from '../../filter/entry-filter.js';
import { Admission } from '../admission.js';
import { errorBody, setApiHeaders } from '../json-response.js';
import { refusalCode } from '../refusal.js';
import { Refusals } from '../refusals.js';
import type { ProtectedStream } from './access-tokens.js';

/** Checks the access token of a request for a page. */
@Injectable()
export class TokenCheck {
  constructor(
    private readonly admission: Admission,
    private readonly refusals: Refusals,
  ) {}

  /**
   * @param stream the stream that the token must open; undefined where any valid token is enough.
   * @returns the filter of the token, which the page must apply to entries; undefined if the token opens all entries.
   * @throws HttpException with status 401 or 403 and the body of a refusal.
   */
  require(
    request: IncomingMessage,
    response: ServerResponse,
    stream: ProtectedStream | undefined,
  ): EntryFilter | undefined {
    const refusal = this.admission.refusesToken(request, stream);
    if (refusal === undefined) return this.admission.tokens.tokenOf(request)?.filter;
    this.refusals.count(refusal.reason, this.admission.addressOf(request), refusal.token);
    setApiHeaders(response, refusal.headers);
    const body = errorBody(refusal.status, refusal.message, refusalCode(refusal.reason));
    throw new HttpException(body, refusal.status);
  }
}
