import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { COMMANDS } from '../../src/commands/list.ts';
import { makeImage } from '../check/image.ts';
import { bootWorkbench, LASTING, WAIT } from './workbench.ts';

/** What the examples of the help speak of. */
const SERVICES = {
  '/etc/services.d/jupyter/run': LASTING,
  '/etc/services.d/dashboard/run': LASTING,
  '/etc/services.d/dashboard/service.json': '{"requires": ["jupyter"]}',
};
const GOES_ON = new Set(['lintel logs -f']);
/** What the examples call the folder of an image. */
const IMAGE = '/mnt/image';
/** Their server is nowhere, and that is what they find out. */
const ASKS_NOBODY = /^lintel doctor trust /;

describe('each example of the help is true', () => {
  for (const { line } of COMMANDS.flatMap(({ examples }) => examples)) {
    test(line, async t => {
      const { run, start, lintel } = bootWorkbench(t, SERVICES);
      assert.equal((await run(WAIT)).stdout, 'ready\n');
      const args = line.split(' ').slice(1);
      if (args.includes(IMAGE)) args.splice(args.indexOf(IMAGE), 1, makeImage(t).path);
      if (GOES_ON.has(line)) {
        const going = start(args);
        await going.waitForText(/runs/);
        going.signal('SIGINT');
        await going.end();
        return;
      }
      const { code, stdout, stderr } = await run(args);
      assert.equal(code, ASKS_NOBODY.test(line) ? 1 : 0, stderr);
      assert.notEqual(stdout, '');
      if (args.includes('--json')) assert.doesNotThrow(() => JSON.parse(stdout));
      if (args[0] === 'shutdown') assert.equal((await lintel.end()).code, Number(args[1] ?? 0));
    });
  }
});
