import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { CERTSTREAM_CONFIG } from '../../config/config.module.js';
import type { CertstreamConfig } from '../../config/config-schema.js';
import { ENTRY_JOURNAL, type EntryJournal } from '../../feed/journal/entry-journal.js';
import { Admission } from '../../web/admission.js';
import { AccessPolicy } from '../../web/access-policy.js';
import {
  type StreamOptions,
  streamOptions,
  type StreamOptionsSource,
  StreamRequestError,
} from './stream-options.js';
import { queryOf } from './stream-query.js';

/** Reads what clients choose in their requests. */
@Injectable()
export class StreamRequests {
  private readonly known = new WeakMap<IncomingMessage, StreamOptions>();

  constructor(
    @Inject(CERTSTREAM_CONFIG) private readonly config: CertstreamConfig,
    @Inject(ENTRY_JOURNAL) private readonly journal: EntryJournal,
    private readonly access: AccessPolicy,
    private readonly admission: Admission,
  ) {}

  /**
   * Returns the options of a request, the same at each call.
   * @param hasCursors whether each message carries a cursor as its id. Then Last-Event-ID replaces `since`.
   * @throws StreamRequestError
   */
  optionsOf(request: IncomingMessage, hasCursors = false): StreamOptions {
    const known = this.known.get(request);
    if (known !== undefined) return known;
    const lastEventId = hasCursors ? request.headers['last-event-id']?.toString() : undefined;
    const options = streamOptions(queryOf(request), { ...this.sourceFor(request), lastEventId }, hasCursors);
    this.known.set(request, options);
    return options;
  }

  /** Returns the name of a client for log lines and metrics: `ip:port`. */
  nameOf(request: IncomingMessage): string {
    return this.access.clientName(request);
  }

  private sourceFor(request: IncomingMessage): StreamOptionsSource {
    const { webserver, stream } = this.config;
    return {
      webserver,
      stream,
      journal: this.journal,
      within: this.admission.tokens.tokenOf(request)?.filter,
    };
  }
}

/** Returns the body of the answer to a mistaken request. */
export function requestErrorBody({ message, code, oldest }: StreamRequestError): object {
  return { error: message, code, ...(oldest !== undefined && { oldest }) };
}
