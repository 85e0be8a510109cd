import { loadConfig, startServer } from '../../src/public-api.js';
import { BrandWatchModule } from './brand-watch.module.js';

const { config, source, warnings } = loadConfig();
const server = await startServer(config, {
  source,
  warnings,
  imports: [BrandWatchModule.forWords(process.argv.slice(2))],
});
process.once('SIGTERM', () => void server.stop());
process.once('SIGINT', () => void server.stop());
