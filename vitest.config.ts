import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Tests that replace modules, or look at which modules are loaded. */
const NEEDS_OWN_MODULES = [
  'src/cli/commands/test-output.test.ts',
  'src/ct-log/state/state-files.test.ts',
  'src/feed/journal/disk/segment.test.ts',
  'src/kernel/package-json.test.ts',
  'test/metrics-loading.test.ts',
  'test/open-file-limit.test.ts',
];

const SETUP = ['reflect-metadata', './test/support/patient-waits.ts'];

/** Times that a machine with many other programs does not reach. They cost time only if a test fails. */
const PATIENCE = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 60_000 } } };

export default defineConfig({
  test: {
    // The end-to-end tests mostly wait: more files at once than the default on a small machine.
    maxWorkers: 5,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'dashboard/src/**/*.test.ts'],
          exclude: NEEDS_OWN_MODULES,
          // The files of a worker share their modules: each is loaded once.
          isolate: false,
          setupFiles: SETUP,
          ...PATIENCE,
        },
      },
      {
        test: {
          name: 'isolated',
          include: NEEDS_OWN_MODULES,
          setupFiles: SETUP,
          ...PATIENCE,
        },
      },
      {
        // The examples import the package by its name.
        resolve: { alias: { 'certstream-server-nest': join(import.meta.dirname, 'src/public-api.ts') } },
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          exclude: ['test/hostile/**', 'test/long/**', '**/node_modules/**', ...NEEDS_OWN_MODULES],
          isolate: false,
          setupFiles: SETUP,
          ...PATIENCE,
        },
      },
      {
        test: {
          // Commands, restarts and clients of other makers, which take long: `npm run test:long`.
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          setupFiles: SETUP,
          ...PATIENCE,
        },
      },
      {
        test: {
          // Attacks on the built server, which are measured: `npm run test:hostile`.
          name: 'hostile',
          include: ['test/hostile/**/*.test.ts'],
          setupFiles: SETUP,
          ...PATIENCE,
        },
      },
    ],
  },
});
