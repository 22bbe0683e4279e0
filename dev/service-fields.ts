import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { FIELD_DOCS, type FieldDoc } from '../src/definitions/field-docs.ts';
import { PROBE_EXPECTED, PROBES } from '../src/definitions/probe-schema.ts';
import { makeServiceSchema } from '../src/definitions/service-json.ts';

const PAGE = join(import.meta.dirname, '../docs/services.md');
/** The table stands in a page that is otherwise written by hand. */
const TABLE = /(?<=^<!-- fields: [^\n]* -->\n).*?(?=\n<!-- end of fields -->$)/ms;

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** docs/services.md, with the table of service.json's fields as it has to be. */
export function renderServices(): string {
  const rows = Object.entries(FIELD_DOCS).map(
    ([name, { usual = '', doc }]) =>
      `| \`${name}\` |${usual && ` ${usual}`} | ${doc.replaceAll('|', '\\|')} |`,
  );
  return readFileSync(PAGE, 'utf8').replace(TABLE, () =>
    ['| field | default | |', '|---|---|---|', ...rows].join('\n'),
  );
}

/** service.schema.json: what service.json may say, for editors. */
export function renderServiceSchema(): string {
  const { properties = {}, ...rest } = z.toJSONSchema(makeServiceSchema(), { io: 'input' }) as JsonSchema;
  for (const [name, doc] of Object.entries<FieldDoc>(FIELD_DOCS)) describe(properties[name], renderDoc(doc));
  describe(properties['$schema'], 'Where this schema is, for an editor.');
  for (const [place, expected] of Object.entries(PROBE_EXPECTED)) {
    const [outer = '', inner] = place.split('.');
    if (inner !== undefined) describe(member(properties[outer], inner), `${capital(expected)}.`);
  }
  for (const [place, names] of Object.entries({ ready: [...PROBES, 'notifyFd'], health: PROBES }))
    requireOne(properties[place], names);
  return `${JSON.stringify({ title: 'Lintel service.json', ...rest, properties }, null, 2)}\n`;
}

/** Editors show text: a link is its words, and one that says where on the page is none. */
function renderDoc({ usual, doc }: FieldDoc): string {
  const text = doc.replaceAll(/ \(\[[^\]]*\]\([^)]*\)\)/g, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  return `${capital(text)}.${usual === undefined ? '' : ` Default: ${usual}.`}`;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function describe(schema: JsonSchema | boolean | undefined, description: string): void {
  if (typeof schema === 'object') schema.description = description;
}

function member(schema: JsonSchema | boolean | undefined, name: string): JsonSchema | boolean | undefined {
  return typeof schema === 'object' ? schema.properties?.[name] : undefined;
}

/** What zod checks by a function is not in the schema that it writes. */
function requireOne(schema: JsonSchema | boolean | undefined, names: readonly string[]): void {
  if (typeof schema === 'object') schema.oneOf = names.map(name => ({ required: [name] }));
}
