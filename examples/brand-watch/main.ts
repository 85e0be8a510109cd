import { loadConfig, runUntilSignal, startServer } from '../../src/public-api.js';
import { BrandWatchModule } from './brand-watch.module.js';

const loaded = loadConfig();
await runUntilSignal(() =>
  startServer(loaded.config, { ...loaded, imports: [BrandWatchModule.forWords(process.argv.slice(2))] }),
);
