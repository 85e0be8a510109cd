// Prints the software bill of materials (CycloneDX, JSON) of what the image and the Debian package contain: the packages that the server
// needs at run time, with the versions of package-lock.json. Node.js itself comes from the image or the system.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runtimeManifest, TOP } from './runtime-manifest.mjs';

const folder = mkdtempSync(join(tmpdir(), 'certstream-sbom-'));
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify(runtimeManifest()));
  copyFileSync(join(TOP, 'package-lock.json'), join(folder, 'package-lock.json'));
  const npm = (args, stdout) =>
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', stdout, 'inherit'], maxBuffer: 64 << 20 });
  npm(['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], 'ignore');
  process.stdout.write(
    npm(['sbom', '--omit=dev', '--sbom-format=cyclonedx', '--sbom-type=application'], 'pipe'),
  );
} finally {
  rmSync(folder, { recursive: true });
}
