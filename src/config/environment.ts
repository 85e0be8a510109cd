import { YAMLParseError } from 'yaml';

import { splitList } from './coerce-values.js';
import type { ConfigDraft } from './config-draft.js';
import { type ConfigKey, variableOf } from './config-keys.js';
import type { ConfigLayout } from './config-layout.js';
import { RENAMED_KEYS } from './go-names.js';
import { BROKER_SECTIONS } from './go-outputs.js';
import { nearest } from '../kernel/nearest.js';
import { readYamlValue } from './read-yaml.js';
import { shownValueAt } from './shown-value.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'CERTSTREAM_';
/** Variables of commands that read no configuration. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['CERTSTREAM_TOKEN']);

const renamedVariable = new Map(
  RENAMED_KEYS.map(({ path, now }) => [variableOf(path), variableOf([...path.slice(0, -1), now])]),
);

/**
 * Overrides values of the file with `CERTSTREAM_<SECTION>_<KEY>`. An empty variable counts as not set; `""` is the empty
 * text and `[]` the empty list. A variable that names no key is a problem, unless a container platform set it.
 */
export function applyEnvironment(draft: ConfigDraft, environment: Environment): void {
  for (const [variable, value] of Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (!variable.startsWith(PREFIX) || value === undefined || value.trim() === '') continue;
    if (OTHER_VARIABLES.has(variable)) continue;
    const current = renamedVariable.get(variable);
    if (current && environment[current]?.trim() && environment[current] !== value) {
      draft.environmentProblem(
        `${variable} is the older name of ${current} and has another value; keep only ${current}`,
      );
      continue;
    }
    const key = draft.layout.keyOfVariable.get(current ?? variable);
    if (key) setKey(draft, key, variable, value);
    else if (!isPlatformVariable(variable, value)) reportUnknown(draft, variable);
  }
}

function setKey(draft: ConfigDraft, key: ConfigKey, variable: string, value: string): void {
  try {
    draft.setFromVariable(key.path, parseVariable(draft, key, value.trim()), variable);
  } catch (error) {
    if (!(error instanceof YAMLParseError || error instanceof SyntaxError)) throw error;
    draft.setFromVariable(key.path, key.default, variable);
    draft.problem(key.path, `${shownValueAt(key.path, value)} ${problemOfValue(key)}`);
  }
}

function problemOfValue(key: ConfigKey): string {
  if (key.type === 'value') return 'is not valid YAML; put a text into quotes';
  const example =
    key.path[0] === 'auth'
      ? '[{"name": "dashboard", "token_sha256": "<64 hexadecimal digits>"}]'
      : '[{"url": "https://ct.example/log", "operator": "Example"}]';
  const hint =
    key.type === 'objects'
      ? `write it like ${example}`
      : 'separate its entries by commas, or write [] for none';
  return `is not a list; ${hint}`;
}

function parseVariable({ layout }: ConfigDraft, key: ConfigKey, value: string): unknown {
  if (key.type === 'value') return readYamlValue(value, key.path, layout);
  if (key.type === 'objects') return parseList(layout, key, value);
  if (key.type === 'texts') {
    if (value.startsWith('[')) return parseList(layout, key, value);
    const entries = splitList(key, value);
    if (entries.length === 0) throw new SyntaxError('no entries');
    return entries;
  }
  return value === '""' || value === "''" ? '' : value;
}

function parseList(layout: ConfigLayout, { path }: ConfigKey, value: string): unknown[] {
  const parsed = readYamlValue(value, path, layout);
  if (!Array.isArray(parsed)) throw new SyntaxError('not a list');
  return parsed;
}

/**
 * Whether Kubernetes sets this variable for a service, or Docker for a link, whose name begins with `certstream`:
 * `CERTSTREAM_SERVICE_HOST`, `CERTSTREAM_PORT=tcp://…`, `CERTSTREAM_WEB_PORT_8080_TCP_ADDR`, `CERTSTREAM_NAME=/…`.
 */
function isPlatformVariable(variable: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$/.test(variable) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT(_START|_END)?|ADDR))?$/.test(variable) ||
    (variable.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value)) ||
    (variable.endsWith('_NAME') && value.startsWith('/')) ||
    /^CERTSTREAM_(\w+_)?ENV_\w+$/.test(variable)
  );
}

function reportUnknown(draft: ConfigDraft, variable: string): void {
  if (BROKER_SECTIONS.some((section) => variable.startsWith(variableOf([section])))) {
    draft.environmentProblem(
      `${variable}: outputs cannot be set by variables of the Go server; write streamprocessing into the file, or set CERTSTREAM_OUTPUTS`,
    );
    return;
  }
  const near = nearest(variable, [...draft.layout.keyOfVariable.keys()]);
  const hint = near ? `did you mean ${near}?` : 'remove it, or see docs/configuration.md for the names';
  draft.environmentProblem(`unknown environment variable ${variable}; ${hint}`);
}
