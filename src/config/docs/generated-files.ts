import { configJsonSchema } from './config-json-schema.js';
import { configurationMarkdown } from './configuration-markdown.js';
import { sampleYaml } from './sample-yaml.js';

/** The files that `npm run docs:config` writes; paths are relative to the top of the repository. Prettier then formats them. */
export const GENERATED_FILES: readonly { readonly path: string; readonly text: () => string }[] = [
  { path: 'config.sample.yaml', text: sampleYaml },
  { path: 'docs/configuration.md', text: configurationMarkdown },
  { path: 'docs/config.schema.json', text: configJsonSchema },
];
