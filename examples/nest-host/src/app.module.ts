import { Body, Controller, type DynamicModule, Get, Module, Post } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { ApiProperty } from '@nestjs/swagger';
import {
  CertificateFeed,
  CertstreamModule,
  type ConfigInput,
  Public,
  RequiresStream,
} from 'certstream-server-nest';
import { IsString, MaxLength } from 'class-validator';

export class Note {
  @ApiProperty()
  @IsString()
  @MaxLength(200)
  readonly text!: string;
}

/** A controller that knows nothing of certificates. Only `GET` is open without access token. */
@Controller('notes')
export class NotesController {
  private readonly notes: Note[] = [];

  @Get()
  @Public()
  list(): readonly Note[] {
    return this.notes;
  }

  @Post()
  add(@Body() note: Note): Note {
    this.notes.push(note);
    return note;
  }
}

/** A controller that uses the feed, for tokens that open the stream of domains. */
@Controller('newest')
@RequiresStream('domains-only')
export class NewestController {
  private newest: readonly string[] = [];

  constructor(feed: CertificateFeed) {
    feed.entries$.subscribe((entry) => (this.newest = entry.allDomains()));
  }

  @Get()
  domains(): readonly string[] {
    return this.newest;
  }
}

@Module({ controllers: [NotesController, NewestController] })
export class AppModule {
  /** @param settings of the application, as its ConfigService has them. */
  static with(settings: { readonly certstream: ConfigInput }): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot({ isGlobal: true, load: [() => settings] }),
        CertstreamModule.forRootAsync({
          inject: [ConfigService],
          useFactory: (config: ConfigService) => config.getOrThrow<ConfigInput>('certstream'),
        }),
      ],
    };
  }
}
