import { configJsonSchema } from './config-json-schema.js';
import { configurationMarkdown } from './configuration-markdown.js';
import { sampleYaml } from './sample-yaml.js';

/** What `npm run docs:config` writes, by path from the top of the repository. Prettier has the last word on layout. */
export const GENERATED_FILES: readonly { readonly path: string; readonly text: () => string }[] = [
  { path: 'config.sample.yaml', text: sampleYaml },
  { path: 'docs/configuration.md', text: configurationMarkdown },
  { path: 'docs/config.schema.json', text: configJsonSchema },
];
