import { defineConfig } from 'vite';

/** Builds the page that `src/dashboard` serves. Its paths are fixed: the page may lie at any path, its assets at one. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/dashboard/',
  build: {
    outDir: '../dist/dashboard/page',
    emptyOutDir: true,
    target: 'es2023',
    // The Content-Security-Policy allows files of this server only, and no `data:` but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
