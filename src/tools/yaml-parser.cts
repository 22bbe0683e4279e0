import type * as Yaml from 'yaml';

/**
 * The parser, loaded by the first call: most boots have no YAML to read. CommonJS, whose `require` is the one way to
 * load a module late and without waiting, also once it is bundled.
 */
function loadYaml(): typeof Yaml {
  return require('yaml');
}

// @ts-expect-error: TypeScript takes this for syntax that can't be erased; it is the only export of CommonJS that it types.
export = { loadYaml };
