import { Store } from '../state/store.js';

export type Theme = 'light' | 'dark';

const KEY = 'certstream-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** The colours in use: those that a person chose in this browser, otherwise those of the system. */
export const theme = new Store<Theme>(chosen() ?? fromSystem());

export function applyTheme(): void {
  document.documentElement.dataset['theme'] = theme.value;
  system.addEventListener('change', () => theme.set(chosen() ?? fromSystem()));
  // First, so that charts find the new colours in the style sheet.
  theme.subscribe((value) => (document.documentElement.dataset['theme'] = value));
}

export function chooseTheme(value: Theme): void {
  localStorage.setItem(KEY, value);
  theme.set(value);
}

function chosen(): Theme | undefined {
  const value = localStorage.getItem(KEY);
  return value === 'light' || value === 'dark' ? value : undefined;
}

function fromSystem(): Theme {
  return system.matches ? 'dark' : 'light';
}
