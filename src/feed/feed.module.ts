import { Module } from '@nestjs/common';
import { CertificateFeed } from './certificate-feed.js';

/** The place between the logs and everything that wants their entries. */
@Module({ providers: [CertificateFeed], exports: [CertificateFeed] })
export class FeedModule {}
