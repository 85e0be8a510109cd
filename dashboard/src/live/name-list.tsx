import { useState } from 'preact/hooks';
import { count } from '../text/format.js';
import { visibleText } from '../text/visible-text.js';

const FIRST = 50;
const MORE = 500;
const MAX_CHARACTERS = 512;

/** The names of a certificate, of which there may be thousands. */
export function NameList({ names }: { readonly names: readonly string[] }) {
  const [shown, setShown] = useState(FIRST);
  return (
    <section>
      <h3>{names.length === 1 ? '1 name' : `${count(names.length)} names`}</h3>
      <ul class="all-names">
        {names.slice(0, shown).map((name) => (
          <li key={name}>
            <bdi>{visibleText(name, MAX_CHARACTERS)}</bdi>
          </li>
        ))}
      </ul>
      {shown < names.length && (
        <button type="button" onClick={() => setShown(shown + MORE)}>
          Show more of {count(names.length - shown)} other names
        </button>
      )}
    </section>
  );
}
