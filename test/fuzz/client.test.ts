import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ask, listen } from '../../src/control/client.ts';
import { ROUTES, type RouteName } from '../../src/control/routes.ts';
import { LintelError } from '../../src/errors.ts';
import { makeRecordSchema } from '../../src/timing/record.ts';
import { check, textOf } from './runs.ts';

const NAMES = Object.keys(ROUTES) as RouteName[];
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n';
const pieces = [
  'HTTP/1.1 ',
  '200',
  '404',
  ' OK',
  '\r\n',
  '\r\n\r\n',
  'content-length: ',
  '5',
  '-1',
  'transfer-encoding: chunked',
  'ffffff\r\n',
  '{}',
  '{"error": "no"}',
  '\n',
  '\x1b[2J',
];
const json = fc.oneof(
  fc.json(),
  fc.constantFrom('{"error":5}', '{"services":[]}', '{"stage":{"name":"running"}}', '[]', 'null', ''),
);
/** Lines of an answer that is HTTP, whatever they say; and what is none. */
const answer = fc.oneof(
  fc.array(json, { maxLength: 3 }).map(lines => HEAD + lines.map(line => `${line}\n`).join('')),
  textOf(pieces, 10),
  fc.uint8Array({ maxLength: 50 }).map(bytes => Buffer.from(bytes).toString('latin1')),
);

describe('whatever answers in the place of Lintel', () => {
  test('a client has a checked answer, or one sentence with an exit code', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'lintel-fuzz-'));
    t.after(() => rmSync(folder, { recursive: true }));
    let said = '';
    const server = createServer(socket => {
      socket.on('error', () => undefined);
      socket.end(said, 'latin1');
    });
    await new Promise<void>(resolve => server.listen(join(folder, 'control.sock'), resolve));
    t.after(() => server.close());
    const environment = { LINTEL_RUNTIME_DIR: folder };
    await check(
      fc.asyncProperty(answer, fc.constantFrom(...NAMES), async (text, name) => {
        said = text;
        const request = {} as never;
        for (const act of [
          () => ask(environment, name, { request }),
          () => listen(environment, name, { request, onValue: async () => undefined }),
        ]) {
          const failure = await act().then(
            () => undefined,
            (error: unknown) => error,
          );
          if (failure === undefined) continue;
          assert.ok(failure instanceof LintelError, String(failure));
          // What a server says is made harmless for a terminal.
          assert.ok(!failure.message.includes('\x1b'), failure.message);
        }
      }),
    );
  });
});

test('a boot’s record of any JSON is one, or none', () => {
  const schema = makeRecordSchema();
  check(
    fc.property(fc.json(), text => {
      assert.equal(schema.safeParse(JSON.parse(text)).success, false);
    }),
  );
});
