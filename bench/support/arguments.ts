/**
 * Reads `--name value` pairs. The value of an option whose default is a number is a number, and 1 if it is left out. For any other
 * arguments it prints one line and ends the process with exit code 2.
 */
export function readArguments<T extends Record<string, number | string>>(defaults: T): T {
  return orOneLine(() => parseArguments(process.argv.slice(2), defaults));
}

/** Returns the result of `read`. If it throws, prints the first line of the message and ends the process with exit code 2. */
export function orOneLine<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    console.error(error instanceof Error ? error.message.split('\n', 1)[0] : String(error));
    process.exit(2);
  }
}

/** Parses `--name value` pairs. @throws Error whose message is one line that says what to change. */
export function parseArguments<T extends Record<string, number | string>>(
  words: readonly string[],
  defaults: T,
): T {
  const values: Record<string, number | string> = { ...defaults };
  const names = Object.keys(values)
    .map((name) => `--${name}`)
    .join(', ');
  for (let i = 0; i < words.length; i++) {
    const name = words[i].slice(2);
    if (!words[i].startsWith('--') || !Object.hasOwn(values, name))
      throw new Error(`unknown option ${JSON.stringify(words[i])}; the options are ${names}`);
    const following = words[i + 1];
    const isLast = following === undefined || following.startsWith('--');
    if (typeof values[name] === 'string') {
      if (isLast) throw new Error(`${words[i]} has no value; write one after it`);
      values[name] = words[++i];
    } else if (isLast) values[name] = 1;
    else values[name] = numberOf(words[i], words[++i]);
  }
  return values as T;
}

/** Parses the number of an option. @throws Error whose message is one line that says what to change. */
export function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new Error(`${option} ${JSON.stringify(text)} is not a number; use 0 or more`);
  return number;
}
