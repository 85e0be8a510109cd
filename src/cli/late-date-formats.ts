/**
 * Runs `load` with an `Intl.DateTimeFormat` that creates its formats when they are first used. While Nest is loaded, it
 * creates two formats for loggers that this server replaces. They would cost 8 MB, mostly calendar and language data of ICU.
 */
export async function withLateDateFormats<T>(load: () => Promise<T>): Promise<T> {
  const { DateTimeFormat } = Intl;
  const late = new Proxy(DateTimeFormat, {
    construct: (_, options: ConstructorParameters<typeof DateTimeFormat>) =>
      lateFormat(() => new DateTimeFormat(...options)),
  });
  Intl.DateTimeFormat = late;
  try {
    return await load();
  } finally {
    if (Intl.DateTimeFormat === late) Intl.DateTimeFormat = DateTimeFormat;
  }
}

function lateFormat(make: () => Intl.DateTimeFormat): Intl.DateTimeFormat {
  let made: Intl.DateTimeFormat | undefined;
  const format = (): Intl.DateTimeFormat => (made ??= make());
  return new Proxy(Object.create(Intl.DateTimeFormat.prototype) as Intl.DateTimeFormat, {
    get: (_, key) => {
      const value: unknown = Reflect.get(format(), key, format());
      return typeof value === 'function' ? value.bind(format()) : value;
    },
  });
}
