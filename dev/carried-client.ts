import { brotliCompressSync, constants } from 'node:zlib';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/** What src/remote/ uses of undici: a third less to load than the whole. */
const ENTRY = `
const dispatcher = require('undici/lib/dispatcher/dispatcher.js');
dispatcher.prototype.request = require('undici/lib/api/api-request.js');
dispatcher.prototype.connect = require('undici/lib/api/api-connect.js');
exports.Agent = require('undici/lib/dispatcher/agent.js');
exports.ProxyAgent = require('undici/lib/dispatcher/proxy-agent.js');
`;

/**
 * The program carries undici compressed, for the few boots that fetch something: as source it would be two thirds of
 * the file, which every start reads (3.5 ms; so it is half a millisecond).
 */
export function carryClient(common: BuildOptions): Plugin {
  return {
    name: 'carried-client',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'carried' }));
      onLoad({ filter: /.*/, namespace: 'carried' }, async () => {
        const resolveDir = import.meta.dirname;
        const { outputFiles } = await build({
          ...common,
          write: false,
          stdin: { contents: ENTRY, resolveDir },
        });
        const code = Buffer.from(outputFiles[0]?.contents ?? []);
        return { contents: renderLoader(code), loader: 'js', resolveDir };
      });
    },
  };
}

/** esbuild's output is ASCII, so that a byte is a character. */
function renderLoader(code: Buffer): string {
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: code.length };
  const carried = brotliCompressSync(code, { params }).toString('base64');
  return `
const code = require('node:zlib').brotliDecompressSync(Buffer.from('${carried}', 'base64')).toString('latin1');
require('node:vm').compileFunction(code, ['require', 'module', 'exports'])(require, module, exports);
`;
}
