import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from './config-error.js';
import { readYaml } from './read-yaml.js';

function errorOf(text: string): ConfigError {
  try {
    readYaml(text, 'c.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('YAML that is a text for people', () => {
  const QUOTES = /put the value into quotes/;
  it.each([
    ['webserver:|  listen_addr: ::', 2, QUOTES],
    ['webserver:|  listen_addr: 0.0.0.0|  lite_url: @lite', 3, QUOTES],
    ['webserver:|  lite_url: `lite`', 2, QUOTES],
    ['webserver:|  lite_url: %PATH%', 2, QUOTES],
    ['ct_log:|  contact: me: you', 2, QUOTES],
    ['webserver:|  listen_port: {{ .Values.port }}', 2, /placeholder \{\{/],
    ['webserver:|  listen_port: {{ port }}|  listen_addr: {{ addr }}x', 3, /placeholder \{\{/],
    ['webserver:|  whitelist: [{{ a }}]', 2, /placeholder \{\{/],
    ['webserver:|  whitelist:|    - {{ a }}', 3, /placeholder \{\{/],
    ['{{- if .Values.x }}|webserver:|{{- end }}', 1, /placeholder \{\{|not valid YAML/],
    ['webserver:|\tlisten_port: 1', 2, /use spaces/],
  ])('%s gets one line with a hint, and no warning of another program', (yaml, line, hint) => {
    const warnings: unknown[] = [];
    const listen = (warning: unknown) => void warnings.push(warning);
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(listen);
    const error = errorOf(yaml.replaceAll('|', '\n'));
    emit.mockRestore();
    expect(error.message).toMatch(hint);
    expect(error.problems[0]).toMatch(new RegExp(`:${line}: not valid YAML: `));
    expect(warnings).toEqual([]);
  });
});
