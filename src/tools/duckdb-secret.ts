/**
 * A secret as duckdb keeps it on disk (NAME.duckdb_secret): duckdb's binary form, made here so that no duckdb has to be
 * started. A secret of no secrets: keys come from the environment, also when they change, and a volume holds none.
 */
export interface Secret {
  readonly name: string;
  readonly type: string;
  /** Beginnings of the paths that it is for. */
  readonly scope: readonly string[];
  readonly entries: Readonly<Record<string, string | boolean>>;
  /** Entries that duckdb does not show. */
  readonly hidden: readonly string[];
}

/** Returns bytes, one a character. */
export function renderSecret({ name, type, scope, entries, hidden }: Secret): string {
  const own = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return object(
    [100, text(type)],
    [101, text('config')],
    [102, text(name)],
    [103, list(scope.map(text))],
    [
      201,
      value(MAP, children(own.map(([key, entry]) => value(PAIR, children([varchar(key), scalar(entry)]))))),
    ],
    [202, value(LIST, children(hidden.map(varchar)))],
  );
}

/*
 * duckdb's form: an object is its fields, each a number (two bytes, the lower one first) and a value, and a last number
 * that is none. Texts and lists begin with their length.
 */
function object(...fields: readonly (readonly [id: number, bytes: string])[]): string {
  return `${fields.map(([id, bytes]) => String.fromCharCode(id & 0xff, id >> 8) + bytes).join('')}\xff\xff`;
}

function text(characters: string): string {
  const bytes = Array.from(encodeUtf8(characters), byte => String.fromCharCode(byte)).join('');
  return length(bytes.length) + bytes;
}

function list(items: readonly string[]): string {
  return length(items.length) + items.join('');
}

/** Seven bits a byte, the lowest first. */
function length(count: number): string {
  return count < 0x80
    ? String.fromCharCode(count)
    : String.fromCharCode((count & 0x7f) | 0x80) + length(count >> 7);
}

function flag(isSet: boolean): string {
  return isSet ? '\x01' : '\x00';
}

/** Numbers of duckdb's LogicalTypeId and ExtraTypeInfoType. */
function type(id: number, info?: { readonly kind: number; readonly content: string }): string {
  if (info === undefined) return object([100, String.fromCharCode(id)]);
  const extra = `\x01${object([100, String.fromCharCode(info.kind)], [200, info.content])}`;
  return object([100, String.fromCharCode(id)], [101, extra]);
}

const VARCHAR = type(25);
const LIST = type(101, { kind: 4, content: VARCHAR });
const PAIR = type(100, {
  kind: 5,
  content: list([object([0, text('key')], [1, VARCHAR]), object([0, text('value')], [1, type(3)])]),
});
const MAP = type(102, { kind: 4, content: PAIR });

function value(ofType: string, content: string): string {
  return object([100, ofType], [101, flag(false)], [102, content]);
}

function children(values: readonly string[]): string {
  return object([100, list(values)]);
}

function varchar(characters: string): string {
  return value(VARCHAR, text(characters));
}

function scalar(entry: string | boolean): string {
  return typeof entry === 'boolean' ? value(type(10), flag(entry)) : varchar(entry);
}

function encodeUtf8(characters: string): Uint8Array {
  return new TextEncoder().encode(characters);
}
