import { useEffect, useState } from 'preact/hooks';
import { visibleText } from '../text/visible-text.js';
import { type FilterFields, writeFilterText } from './filter-text.js';
import type { LiveState } from './live-feed.js';

/** The fields of docs/consumers.md with an example each. */
const HELP: readonly (readonly [example: string, meaning: string])[] = [
  ['domain=example.com', 'a name that equals the term or lies below it; a term with a dot needs no field'],
  ['keyword=paypal', 'a name that contains the term; a term without a dot needs no field'],
  ['similar=paypal.com', 'a name that imitates the domain of a brand'],
  ['regex=^login-', 'a name in which the expression (RE2) is found'],
  [
    'exclude_domain=paypal.com',
    'without these names; -paypal.com is the same. Also exclude_keyword, exclude_regex, exclude_issuer',
  ],
  [`issuer="let's encrypt"`, 'common name or organisation of the issuer contains the term'],
  ['operator=Google', 'the operator of the log'],
  ['log=log.example/2026', 'a log by its URL, name or id'],
  ['type=precert', 'precertificates, or with cert certificates'],
  ['ca=true', 'certificates of CAs, or with false all others'],
  ['ip=192.0.2.0/24', 'an IP address of the certificate lies in the range'],
];
const MAX_CHARACTERS = 4000;

/** The filter, which the server applies. */
export function FilterBox({
  state,
  onApply,
}: {
  readonly state: LiveState;
  readonly onApply: (text: string, unique: boolean) => void;
}) {
  const { selection, filterText, filterError } = state;
  const [text, setText] = useState(filterText);
  const [unique, setUnique] = useState(selection.unique);
  useEffect(() => setText(filterText), [filterText]);
  useEffect(() => setUnique(selection.unique), [selection]);

  return (
    <form
      class="filter"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onApply(text, unique);
      }}
    >
      <label for="filter">Filter</label>
      <div class="field-row">
        <input
          id="filter"
          type="text"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={MAX_CHARACTERS}
          placeholder="similar=paypal.com -paypal.com"
          value={text}
          aria-invalid={filterError !== ''}
          aria-describedby="filter-error"
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="main">
          Apply
        </button>
      </div>
      <p id="filter-error" class="problem" role="alert">
        {visibleText(filterError, 500)}
      </p>
      <Applied fields={selection.fields} onRemove={(fields) => onApply(writeFilterText(fields), unique)} />
      <div class="filter-foot">
        <label class="check">
          <input
            type="checkbox"
            checked={unique}
            onChange={(event) => {
              setUnique(event.currentTarget.checked);
              onApply(text, event.currentTarget.checked);
            }}
          />
          Each certificate once
        </label>
        <details>
          <summary>Fields</summary>
          <div class="filter-help">
            <p>
              Parts are separated by spaces, terms of a field by commas. All fields must match; the first four
              are alternatives of each other.
            </p>
            <dl>
              {HELP.map(([example, meaning]) => (
                <div key={example}>
                  <dt>
                    <code>{example}</code>
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </div>
        </details>
      </div>
    </form>
  );
}

/** The filter as the server understood it, one mark for each term. */
function Applied({
  fields,
  onRemove,
}: {
  readonly fields: FilterFields;
  readonly onRemove: (rest: FilterFields) => void;
}) {
  const terms = Object.entries(fields).flatMap(([field, each]) => each.map((term) => ({ field, term })));
  if (terms.length === 0) return null;
  const without = (field: string, term: string): FilterFields =>
    Object.fromEntries(
      Object.entries(fields)
        .map(
          ([name, each]) => [name, name === field ? each.filter((other) => other !== term) : each] as const,
        )
        .filter(([, each]) => each.length > 0),
    );
  return (
    <ul class="terms" aria-label="Applied filter">
      {terms.map(({ field, term }) => (
        <li key={`${field}=${term}`}>
          <span class="soft">{visibleText(field, 40)}</span> <bdi>{visibleText(term, 80)}</bdi>
          <button
            type="button"
            aria-label={`Remove ${field} ${visibleText(term, 80)}`}
            onClick={() => onRemove(without(field, term))}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  );
}
