/**
 * `npm run build`: src/ -> dist/, which is what stands in /usr/local/lib/lintel of an image.
 *
 * lintel.cjs is three programs one after the other: launcher.sh (sh reads it, JavaScript skips it as a comment),
 * the loader, and the bundle, which the loader takes out of the last comment and compiles through the cache.
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { execa } from 'execa';
import pkg from '../package.json' with { type: 'json' };
import { carryLibraries } from './carried-libraries.ts';
import { makeCarriedPage } from './carried-page.ts';

const SOURCE = join(import.meta.dirname, '../src');
const SAMPLE_CA = join(import.meta.dirname, '../examples/demo/rootfs/usr/local/share/lintel-demo/ca.pem');
const DIST = join(import.meta.dirname, '../dist');
const BUNDLE_BEGIN = '/*lintel-bundle\n';
const BUNDLE_END = '\nlintel-bundle*/';
/** Stands for the two characters that would end the comment; the byte 1 occurs in no bundle (checked below). */
const COMMENT_END = '*\u0001/';

const CACHE_LIMIT_MS = 30_000;
const CACHE_ATTEMPTS = 3;

const common = {
  bundle: true,
  write: false,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify: true,
  keepNames: false,
  legalComments: 'none',
  charset: 'ascii',
  // pino's worker transports are not used; the stub keeps worker_threads out of every start.
  alias: {
    'thread-stream': join(SOURCE, 'launch/no-worker.ts'),
    // Its main file asks for the others by names that no bundler sees.
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
  },
} satisfies BuildOptions;

await mkdir(DIST, { recursive: true });
await writeProgram();
await placeNode();
await writeCodeCache();

async function writeProgram(): Promise<void> {
  const bundle = await makeBundle();
  const launcher = await makeLauncher();
  const id = createHash('sha256').update(bundle).digest('hex').slice(0, 32);
  const carried = `${BUNDLE_BEGIN}${id}\n${bundle.replaceAll('*/', COMMENT_END)}${BUNDLE_END}\n`;
  const file = join(DIST, 'lintel.cjs');
  await writeFile(file, `${launcher}${await makeLoader({ isAlone: false })}${carried}`);
  await chmod(file, 0o755);
  await writeFile(join(DIST, 'loader.cjs'), await makeLoader({ isAlone: true }));
}

function makeLoader({ isAlone }: { readonly isAlone: boolean }): Promise<string> {
  return bundled(join(SOURCE, 'launch/loader.ts'), {
    IS_ALONE: JSON.stringify(isAlone),
    BUNDLE_BEGIN: JSON.stringify(BUNDLE_BEGIN),
    BUNDLE_END: JSON.stringify(BUNDLE_END),
    COMMENT_END: JSON.stringify(COMMENT_END),
  });
}

/** The whole program as one function expression of what the loader hands over. */
async function makeBundle(): Promise<string> {
  const program = await bundled(join(SOURCE, 'main.ts'), {
    LINTEL_VERSION_BUILT: JSON.stringify(pkg.version),
    LINTEL_PAGE: JSON.stringify(await makeCarriedPage()),
  });
  if (program.includes(COMMENT_END))
    throw new Error('Cannot carry the bundle in a comment: it holds the byte 1');
  return `(function(require,LINTEL_CACHE_USE,LINTEL_MAKE_CACHE){var module={exports:{}},exports=module.exports;${program}\n})`;
}

/** sh sees a null command whose arguments are thrown away; JavaScript sees a string and a comment. */
async function makeLauncher(): Promise<string> {
  const source = await readFile(join(SOURCE, 'launch/launcher.sh'), 'utf8');
  if (source.includes('*/'))
    throw new Error('Cannot carry launcher.sh in a comment: it holds a star and a slash');
  const lines = source.split('\n').filter(line => line.trim() !== '' && !line.startsWith('#'));
  return `#!/bin/sh\n":" /*\n${lines.join('\n')}\n*/;\n`;
}

async function bundled(entry: string, define: Record<string, string>): Promise<string> {
  const result = await build({ ...common, entryPoints: [entry], define, plugins: [carryLibraries(common)] });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`Cannot bundle ${entry}: esbuild wrote nothing`);
  return output.text;
}

/** dist/node is the pinned Node: a second name of the same file where the file system allows, else a copy. */
async function placeNode(): Promise<void> {
  const require = createRequire(import.meta.url);
  const source = join(dirname(require.resolve(`node-linux-${process.arch}/package.json`)), 'bin/node');
  const target = join(DIST, 'node');
  await rm(target, { force: true });
  await link(source, target).catch(() => copyFile(source, target));
}

/**
 * Boots a small workbench in a scratch root, so that the cache holds what a boot really runs. V8 may throw away code
 * in the middle of a boot, so the largest of a few is kept.
 */
async function writeCodeCache(): Promise<void> {
  const cache = join(DIST, 'lintel.cjs.cache');
  await rm(cache, { force: true });
  let largest = Buffer.alloc(0);
  for (let attempt = 0; attempt < CACHE_ATTEMPTS; attempt++) {
    const made = await makeCodeCache();
    if (made.length > largest.length) largest = made;
  }
  await writeFile(cache, largest);
}

async function makeCodeCache(): Promise<Buffer<ArrayBuffer>> {
  const root = await mkdtemp(join(tmpdir(), 'lintel-cache-'));
  try {
    await makeScratchRoot(root);
    const file = join(root, 'cache');
    const env = scratchSettings(root);
    await execa(join(DIST, 'lintel.cjs'), ['make-cache', file], { timeout: CACHE_LIMIT_MS, env });
    return await readFile(file);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** One script, and services that end by themselves: with exit code 0, so the workbench ends with 0. */
async function makeScratchRoot(root: string): Promise<void> {
  const files = {
    'etc/cont-init.d/10-warm': '#!/bin/sh\necho warm\n',
    'etc/services.d/warm/run': '#!/bin/sh\necho warm\n',
    'etc/services.d/warm/service.json': '{"restart": "never"}\n',
    'etc/services.d/warmer/run': '#!/bin/sh\nsleep 0.3\n',
    'etc/services.d/warmer/service.json': '{"restart": "on-failure", "when": {"command": "sh"}}\n',
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nwarm:x:1000:100::/tmp:/bin/sh\n',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text, { mode: 0o755 });
  }
  // The workbench user runs the services, so it has to come through.
  await chmod(root, 0o755);
}

function scratchSettings(root: string): Record<string, string> {
  return {
    LINTEL_ROOT: root,
    LINTEL_SERVICES: 'auto',
    PIP_REPOSITORY: 'https://pypi.example/simple',
    CONDA_REPOSITORY: 'https://conda.example/main',
    R_REPOSITORY: 'https://cran.example',
    PATH_TO_CA_BUNDLE: SAMPLE_CA,
  };
}
