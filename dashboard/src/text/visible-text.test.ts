import { describe, expect, it } from 'vitest';
import { visibleText } from './visible-text.js';

describe(visibleText, () => {
  it.each([
    ['www.example.com', 'www.example.com'],
    ['münchen.example', 'münchen.example'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['a\u202Egpj.exe', 'a⟨U+202E⟩gpj.exe'],
    ['a\0b\n', 'a⟨U+0000⟩b⟨U+000A⟩'],
    ['pay\u200Bpal', 'pay⟨U+200B⟩pal'],
    ['\u2028\u2066', '⟨U+2028⟩⟨U+2066⟩'],
    ['\uD800x', '⟨U+D800⟩x'],
    ['\u{E0041}', '⟨U+E0041⟩'],
  ])('shows %j as %s', (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('cuts a long text', () => {
    expect(visibleText('a'.repeat(1_000_000), 10)).toBe('aaaaaaaaaa…');
    expect(visibleText('aaaa', 4)).toBe('aaaa');
    expect(visibleText('a😀', 2)).toBe('a⟨U+D83D⟩…');
  });
});
