/** `--name value` pairs with numbers, `--name` alone is 1. */
export function readArguments<T extends Record<string, number>>(defaults: T): T {
  const values: Record<string, number> = { ...defaults };
  const words = process.argv.slice(2);
  for (let i = 0; i < words.length; i++) {
    const name = words[i].replace(/^--/, '');
    if (!(name in values))
      throw new Error(`unknown option --${name}; there are ${Object.keys(values).join(', ')}`);
    const following = words[i + 1];
    if (following === undefined || following.startsWith('--')) values[name] = 1;
    else values[name] = Number(words[++i]);
  }
  return values as T;
}
