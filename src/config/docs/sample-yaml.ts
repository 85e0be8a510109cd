import type { ConfigKey } from '../config-keys.js';
import { OWN_LAYOUT } from '../config-layout.js';

const WIDTH = 100;

/** Switches that the sample turns on, as the sample of the Go server does. All other values are the defaults. */
const SAMPLE_VALUES: Readonly<Record<string, unknown>> = {
  'prometheus.enabled': true,
  'general.recovery.enabled': true,
};

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'auth.tokens': [
    '- name: dashboard',
    '  token_sha256: <SHA-256 of the token in hexadecimal>',
    '  streams: [lite, domains-only]',
    '  max_connections: 10',
  ],
  'general.additional_logs': [
    '- url: https://ct.example.com/logs/example2026h2',
    '  operator: Example',
    '  description: Example 2026h2',
    '  key: <base64 of the public key, as in the log list>',
  ],
  'general.additional_tiled_logs': [
    '- url: https://mon.ct.example.com/tiled2026h2',
    '  operator: Example',
    '  description: Example Tiled 2026h2',
    '  submission_url: https://log.ct.example.com/tiled2026h2',
  ],
  outputs: [
    '- name: lake',
    '  type: kafka',
    '  brokers: [kafka-1.example.com:9092, kafka-2.example.com:9092]',
    '- name: soc',
    '  type: webhook',
    '  url: https://soc.example.com/hook',
    '  filter: { similar: [example.com], exclude_domain: [example.com] }',
    '  unique: true',
  ],
  'general.excluded_logs': ['- operator: Example', '- url: https://ct.example.com/logs/example2026h2'],
};

/** Text of `config.sample.yaml`: every key with its meaning, in the order of the Go server's sample. */
export function sampleYaml(): string {
  const rows = [
    '# Configuration of certstream-server-nest. Every key is optional; docs/configuration.md has them in tables.',
    '# Each key can also be set by a variable, for example CERTSTREAM_WEBSERVER_LISTEN_PORT=8080.',
    ...sectionRows([]),
  ];
  return `${rows.join('\n')}\n`;
}

function sectionRows(path: readonly string[]): string[] {
  const own = OWN_LAYOUT.keys.filter((key) => isChild(path, key.path));
  const children = OWN_LAYOUT.sections.filter((section) => isChild(path, section.path));
  const indent = '  '.repeat(path.length);
  const places = new Map(OWN_LAYOUT.keys.map((key, index) => [key.name, index]));
  const blocks = [
    ...own.map((key) => ({
      at: places.get(key.name)!,
      rows: path.length === 0 ? ['', ...keyRows(key, indent)] : keyRows(key, indent),
    })),
    ...children.map((section) => ({
      at: OWN_LAYOUT.keys.findIndex((key) => section.path.every((part, depth) => key.path[depth] === part)),
      rows: [
        '',
        ...comment(section.description, indent),
        ...commentedIf(section.isOptional, indent, [
          `${indent}${section.path.at(-1)}:`,
          ...sectionRows(section.path),
        ]),
      ],
    })),
  ];
  return blocks.sort((a, b) => a.at - b.at).flatMap((block) => block.rows);
}

function commentedIf(isCommented: boolean, indent: string, rows: string[]): string[] {
  return isCommented ? rows.map((row) => `${indent}# ${row.slice(indent.length)}`) : rows;
}

function isChild(path: readonly string[], child: readonly string[]): boolean {
  return child.length === path.length + 1 && path.every((part, depth) => child[depth] === part);
}

function keyRows(key: ConfigKey, indent: string): string[] {
  const name = key.path.at(-1)!;
  const example = EXAMPLES[key.name];
  const choices = key.choices ? ` ${key.type === 'texts' ? 'Any' : 'One'} of ${key.choices.join(', ')}.` : '';
  const differs = key.name in SAMPLE_VALUES;
  const value = differs ? SAMPLE_VALUES[key.name] : key.default;
  const fallback = differs ? ` Left out: ${yamlValue(key.default)}.` : '';
  return [
    ...comment(`${key.description}${choices}${fallback}`, indent),
    ...(example ? [`${indent}#   ${name}:`, ...example.map((row) => `${indent}#     ${row}`)] : []),
    `${indent}${name}: ${yamlValue(value)}`,
  ];
}

function yamlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  return JSON.stringify(value);
}

function comment(text: string, indent: string): string[] {
  const rows: string[] = [];
  let row = '';
  for (const word of text.replaceAll('`', '').split(' ')) {
    if (row !== '' && indent.length + row.length + word.length + 3 > WIDTH) {
      rows.push(row);
      row = '';
    }
    row += row === '' ? word : ` ${word}`;
  }
  return [...rows, row].map((part) => `${indent}# ${part}`);
}
