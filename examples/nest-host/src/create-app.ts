import { type INestApplication, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { type ConfigInput, configureCertstream } from 'certstream-server-nest';
import { AppModule } from './app.module';

/** What a `main.ts` does before it listens. */
export async function createApp(certstream: ConfigInput): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.with({ certstream }));
  app.setGlobalPrefix('api');
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
  app.enableShutdownHooks();
  SwaggerModule.setup('docs', app, SwaggerModule.createDocument(app, new DocumentBuilder().build()));
  configureCertstream(app);
  return app;
}
