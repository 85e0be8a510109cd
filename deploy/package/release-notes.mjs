// Prints the section of a version in CHANGELOG.md. Ends with 1 if package.json has another version, or CHANGELOG.md has no such section.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeManifest, TOP } from './runtime-manifest.mjs';

const [version] = process.argv.slice(2);
const fail = (problem) => {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
};
if (version === undefined) fail('usage: node deploy/package/release-notes.mjs VERSION');
const { version: own } = runtimeManifest();
if (own !== version)
  fail(
    `package.json has the version ${own}, not ${version}; run npm version ${version} --no-git-tag-version`,
  );
const sections = readFileSync(join(TOP, 'CHANGELOG.md'), 'utf8').split(/^## /m).slice(1);
const section = sections.find((text) => text.startsWith(`[${version}]`));
if (section === undefined)
  fail(`CHANGELOG.md has no section "## [${version}] - <date>"; rename "Unreleased"`);
const notes = section.slice(section.indexOf('\n')).trim();
if (notes === '') fail(`the section [${version}] of CHANGELOG.md is empty`);
process.stdout.write(`${notes}\n`);
