import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Invocation, parseArguments } from '../src/arguments.ts';

const SUBCOMMANDS: ReadonlySet<string> = new Set(['plan', 'facts', 'version', 'help']);
const boot = (...command: readonly string[]): Invocation => ({ type: 'boot', command });
const subcommand = (name: string, ...args: readonly string[]): Invocation => ({
  type: 'subcommand',
  name,
  args,
});

/** The name that the program was started under, its arguments, and what is meant. */
const ROWS: readonly (readonly [string, string, readonly string[], Invocation])[] = [
  ['an image without CMD boots', '/init', [], boot()],
  ['what follows is the CMD', '/init', ['jupyter', 'lab', '--port=1'], boot('jupyter', 'lab', '--port=1')],
  ['Onyxia’s name boots too', '/opt/onyxia-init.sh', ['rserver'], boot('rserver')],
  [
    'the bundle itself boots',
    '/usr/local/lib/lintel/lintel.cjs',
    ['sh', '-c', 'exit 7'],
    boot('sh', '-c', 'exit 7'),
  ],
  ['the bundle in any folder boots', 'dist/lintel.cjs', ['true'], boot('true')],
  ['but no mistyped subcommand', 'dist/lintel.cjs', ['plam'], subcommand('plam')],
  ['which /init takes for a program', '/init', ['plam'], boot('plam')],
  ['own names in front are dropped', '/opt/onyxia-init.sh', ['/init', 'rserver'], boot('rserver')],
  ['in the other order too', '/init', ['/opt/onyxia-init.sh', 'rserver'], boot('rserver')],
  [
    'and repeatedly',
    '/init',
    [
      '/init',
      '/opt/onyxia-init.sh',
      '/init',
      '/usr/local/bin/lintel',
      '/usr/local/lib/lintel/lintel.cjs',
      'a',
    ],
    boot('a'),
  ],
  ['until no CMD is left', '/init', ['/opt/onyxia-init.sh', '/init'], boot()],
  ['an own name behind the CMD is the CMD’s', '/init', ['sh', '/init'], boot('sh', '/init')],
  ['a file of such a name elsewhere is a CMD', '/init', ['/srv/init', 'a'], boot('/srv/init', 'a')],
  ['a CMD may have a subcommand’s name', '/init', ['plan'], boot('plan')],
  ['so it may behind an own name', '/init', ['/opt/onyxia-init.sh', 'plan'], boot('plan')],
  ['so it may behind the bundle', '/usr/local/lib/lintel/lintel.cjs', ['/init', 'plan'], boot('plan')],
  ['a CMD may be empty text', '/init', [''], boot('')],
  ['a CMD’s arguments are not looked at', '/init', ['a', '--help', 'plan'], boot('a', '--help', 'plan')],

  ['lintel is the command line', '/usr/local/bin/lintel', ['plan', '--json'], subcommand('plan', '--json')],
  ['from any folder', './lintel', ['facts'], subcommand('facts')],
  ['alone it is a question', '/usr/local/bin/lintel', [], subcommand('help')],
  ['an unknown subcommand is no CMD', '/usr/local/bin/lintel', ['plam'], subcommand('plam')],
  ['nor is an odd one', '/usr/local/bin/lintel', ['constructor'], subcommand('constructor')],
  ['it may be said twice', '/usr/local/bin/lintel', ['lintel', 'plan'], subcommand('plan')],
  ['the usual flags', '/usr/local/bin/lintel', ['--help'], subcommand('help')],
  ['in short', '/usr/local/bin/lintel', ['-h'], subcommand('help')],
  ['and of the version', '/usr/local/bin/lintel', ['--version', '--json'], subcommand('version', '--json')],
  ['in short too', '/usr/local/bin/lintel', ['-V'], subcommand('version')],
  ['an unknown flag is no CMD', '/usr/local/bin/lintel', ['--what'], subcommand('--what')],
  ['docker run IMAGE lintel plan', '/init', ['lintel', 'plan', '--json'], subcommand('plan', '--json')],
  ['docker run IMAGE lintel --help', '/init', ['lintel', '--help'], subcommand('help')],
  ['by its path', '/init', ['/usr/local/bin/lintel', 'plan'], subcommand('plan')],
  ['behind Onyxia’s', '/opt/onyxia-init.sh', ['/init', 'lintel', 'facts'], subcommand('facts')],
  ['the bundle with a subcommand', 'dist/lintel.cjs', ['plan', '--', 'sh'], subcommand('plan', '--', 'sh')],
  ['the bundle with a flag', 'dist/lintel.cjs', ['--version'], subcommand('version')],
];

/** A shell of some machine, where nobody's CMD is expected: a boot writes to /etc. */
const TYPED: typeof ROWS = [
  ['a word that is no program is a subcommand', 'dist/lintel.cjs', ['foo', '-x'], subcommand('foo', '-x')],
  ['a program boots', 'dist/lintel.cjs', ['true'], boot('true')],
  ['without a word it boots', 'dist/lintel.cjs', [], boot()],
  ['under another name it boots', '/init', ['foo'], boot('foo')],
  ['behind an own name it boots', 'dist/lintel.cjs', ['/init', 'foo'], boot('foo')],
];

describe('arguments', () => {
  for (const [what, program, args, invocation] of ROWS) {
    test(`${what}: ${[program, ...args].join(' ')}`, () =>
      assert.deepEqual(parseArguments(program, args, { subcommands: SUBCOMMANDS }), invocation));
  }

  for (const [what, program, args, invocation] of TYPED) {
    test(`in a shell of some machine, ${what}: ${[program, ...args].join(' ')}`, () => {
      const known = { subcommands: SUBCOMMANDS, isProgram: (name: string) => name === 'true' };
      assert.deepEqual(parseArguments(program, args, known), invocation);
    });
  }
});
