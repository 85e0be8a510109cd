import { writeFileSync } from 'node:fs';

import { GENERATED_FILES } from './generated-files.js';

for (const { path, text } of GENERATED_FILES) writeFileSync(path, text());
