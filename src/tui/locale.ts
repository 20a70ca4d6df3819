/**
 * Whether the locale says that the terminal takes UTF-8. Pure.
 */

/**
 * The first of LC_ALL, LC_CTYPE and LANG that is set decides, as in setlocale(3). None set, the usual case in a
 * container, says nothing about the terminal outside: nearly all of them take UTF-8 today.
 */
export function hasUtf8Locale(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined || /utf-?8/i.test(locale);
}
