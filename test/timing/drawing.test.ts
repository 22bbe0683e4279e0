import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { renderDrawing } from '../../src/timing/drawing.ts';
import { BEFORE, DESKTOP, makeRecord, service, stage, wait } from './records.ts';

/** Attributes and texts of all elements of a name, as an XML reader would see them. */
function findElements(drawing: string, name: string): string[] {
  return [...drawing.matchAll(new RegExp(`<${name}( [^>]*)?>([^<]*)<`, 'g'))].map(
    ([, attributes = '', text = '']) => `${attributes.trim()} ${text}`.trim(),
  );
}

/** x and width of the bars of a class, the legend's aside. */
function findBars(drawing: string, name: string): string[] {
  const bars = drawing.matchAll(
    new RegExp(`<rect class="${name}" x="([\\d.]+)" y="[\\d.]+" width="([\\d.]+)"`, 'g'),
  );
  return [...bars].map(([, x, width]) => `${x}+${width}`).slice(0, -1);
}

describe('a boot as a drawing', () => {
  test('has its sentence and each row in words, for who does not see it', () => {
    const drawing = renderDrawing(DESKTOP);
    assert.match(
      drawing,
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*role="img" aria-labelledby="title desc">\n/,
    );
    const [title, ...rows] = findElements(drawing, 'title');
    assert.equal(title, 'id="title" ready after 2.1 s: 1.7 s jupyter, 0.31 s xvfb, 0.06 s before services');
    assert.deepEqual(rows, [
      'node: from 0 ms, 25 ms, on the critical path.',
      'files: from 25 ms, 15 ms, on the critical path.',
      'password: from 40 ms, 8 ms.',
      'script 10-xdg: from 40 ms, 20 ms, on the critical path.',
      'xvfb: from 60 ms, 0.31 s, on the critical path.',
      'web: from 61 ms, 0.20 s, 3 starts.',
      'novnc: from 62 ms, 0.84 s.',
      'jupyter: from 370 ms, 1.7 s, on the critical path, waited for xvfb.',
    ]);
    assert.deepEqual(findElements(drawing, 'desc'), [`id="desc" ${rows.join(' ')}`]);
  });

  test('has bars as long as things took, from 206 to 944', () => {
    const drawing = renderDrawing(
      makeRecord('incomplete', 1000, [
        stage('node', 0, 250),
        service('db', 250, 500),
        wait('web', [250, 500], ['db']),
        service('web', 500, 1000),
        service('bad', 250, 300, { isFailed: true }),
        service('quick', 250, 250),
      ]),
    );
    assert.deepEqual(findBars(drawing, 'critical'), ['206+184.5', '390.5+184.5', '575+369']);
    assert.deepEqual(findBars(drawing, 'wait'), ['390.5+184.5']);
    assert.deepEqual(findBars(drawing, 'failed'), ['390.5+36.9']);
    assert.deepEqual(findBars(drawing, 'usual'), ['390.5+1.5']);
  });

  test('is light or dark as whoever looks prefers, and names no file, no script and no handler', () => {
    const drawing = renderDrawing(DESKTOP);
    assert.match(drawing, /@media \(prefers-color-scheme: dark\)/);
    assert.doesNotMatch(drawing, /<script|<image|<foreignObject|href|url\(|@import|\son\w+=/i);
  });

  test('escapes what names hold, and what XML can’t hold', () => {
    const name = `<b onload="x">&'\x1b[2J\u202e\ud800`;
    const record = makeRecord(
      'incomplete',
      500,
      [...BEFORE, service(name, 60, 400), wait('web', [60, undefined], [name])],
      {
        reason: name,
        version: name,
        beganAt: name,
      },
    );
    const drawing = renderDrawing(record);
    assert.ok(drawing.includes('&#60;b onload=&#34;x&#34;&#62;&#38;&#39;�[2J��'));
    assert.doesNotMatch(drawing, /<b |\u202e|\ud800(?![\udc00-\udfff])/);
    assert.equal(drawing.includes('\x1b'), false);
  });

  test('says of many that there are more', () => {
    const services = Array.from({ length: 300 }, (_, index) => service(`service-${index}`, 60, 100));
    const drawing = renderDrawing(makeRecord('ready', 100, [...BEFORE, ...services]));
    assert.match(drawing, />and 104 more</);
    assert.equal(findElements(drawing, 'title').length, 201);
  });
});
