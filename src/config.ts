/**
 * The user's config file, $XDG_CONFIG_HOME/prof-tui/config.json: defaults of options, and keys. Everything in it is
 * checked before anything runs; an error names the line and the key.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type ConfigEntry, ConfigError, type ConfigValue, readConfigText } from './config-text.ts';
import { checkSetting, type Settings, settingNames, UsageError } from './options.ts';
import { changeKeys, type KeyOwner, keyInTwoPlaces, listNames } from './tui/keys/key-changes.ts';
import { type KeyLists, keyLists, type ListName } from './tui/keys/keymap.ts';

export interface Config {
  readonly settings: Settings;
  readonly keys: KeyLists;
}

type Environment = Readonly<Record<string, string | undefined>>;

const empty: Config = { settings: {}, keys: keyLists };

/** A relative XDG_CONFIG_HOME counts as none (XDG Base Directory Specification). */
export function configPath(env: Environment): string {
  const base = env['XDG_CONFIG_HOME'] ?? '';
  return join(isAbsolute(base) ? base : join(homedir(), '.config'), 'prof-tui', 'config.json');
}

/** What the file says; NO_COLOR stands above it. A file that is not there says nothing. @throws UsageError */
export function loadConfig(env: Environment): Config {
  const config = readConfig(configPath(env));
  if ((env['NO_COLOR'] ?? '') === '') return config;
  return { ...config, settings: { ...config.settings, theme: 'none' } };
}

function readConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return empty;
    throw new UsageError(`config file ${path} cannot be read: ${code}`);
  }
  try {
    return parseConfig(text);
  } catch (error) {
    if (error instanceof ConfigError)
      throw new UsageError(`config file ${path}, line ${error.line}: ${error.message}`);
    throw error;
  }
}

/** @throws ConfigError */
export function parseConfig(text: string): Config {
  if (text.trim() === '') return empty;
  const entries = entriesOf(readConfigText(text), 'the file');
  const settings: Record<string, string | boolean> = {};
  let keys: KeyLists = keyLists;
  for (const entry of entries) {
    if (entry.key === 'keys') keys = readKeys(entry);
    else settings[entry.key] = readSetting(entry);
  }
  return { settings, keys };
}

function readSetting({ key, line, value }: ConfigEntry): string | boolean {
  if (value.kind !== 'scalar' || value.value === null)
    throw new ConfigError(line, `"${key}": a plain value is expected`);
  const error = checkSetting(key, value.value);
  if (error !== undefined) {
    const known = settingNames.includes(key) ? '' : `; known are ${[...settingNames, 'keys'].join(', ')}`;
    throw new ConfigError(line, `"${key}": ${error}${known}`);
  }
  return typeof value.value === 'boolean' ? value.value : String(value.value);
}

function readKeys(entry: ConfigEntry): KeyLists {
  let lists: KeyLists = keyLists;
  const lines = new Map<string, number>();
  for (const { key: list, line, value } of entriesOf(entry.value, '"keys"')) {
    if (!isListName(list)) {
      throw new ConfigError(line, `"keys.${list}": no such list of keys; one of ${listNames.join(', ')}`);
    }
    for (const each of entriesOf(value, `"keys.${list}"`)) {
      const name = `keys.${list}.${each.key}`;
      const changed = changeKeys(lists, { list, command: each.key, keys: keysOf(each, name) });
      if ('error' in changed) throw new ConfigError(each.line, `"${name}": ${changed.error}`);
      lists = changed;
      lines.set(`${list} ${each.key}`, each.line);
    }
  }
  const clash = keyInTwoPlaces(lists);
  if (clash === undefined) return lists;
  const lineOf = ({ list, command }: KeyOwner) => lines.get(`${list} ${command}`);
  const [first, second] = clash.owners;
  const [changed, other] = lineOf(first) === undefined ? [second, first] : [first, second];
  throw new ConfigError(
    lineOf(changed) ?? entry.line,
    `"keys.${changed.list}.${changed.command}": "${clash.key}" is a key of "${other.command}" already`,
  );
}

function keysOf({ line, value }: ConfigEntry, name: string): readonly string[] {
  const items: readonly ConfigValue[] = value.kind === 'list' ? value.items : [value];
  return items.map((item) => {
    if (item.kind === 'scalar' && typeof item.value === 'string') return item.value;
    throw new ConfigError(line, `"${name}": a key or a list of keys is expected, each in quotes`);
  });
}

function entriesOf(value: ConfigValue, name: string): readonly ConfigEntry[] {
  if (value.kind !== 'object') throw new ConfigError(value.line, `${name}: \`{\` is expected`);
  const seen = new Set<string>();
  for (const { key, line } of value.entries) {
    if (seen.has(key)) throw new ConfigError(line, `"${key}" is there twice`);
    seen.add(key);
  }
  return value.entries;
}

function isListName(name: string): name is ListName {
  return (listNames as readonly string[]).includes(name);
}
