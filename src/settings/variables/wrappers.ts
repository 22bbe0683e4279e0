import { absolutePath, anyText, flag, names } from '../values.ts';
import { platform, type Variable } from '../variable.ts';

export const WRAPPERS = {
  envVarsToUnset: platform(
    'JUPYTER_ENV_VARS_TO_UNSET',
    names,
    'Variables that services and CMD do not get (docker-stacks).',
  ),
  startShExecuted: platform(
    '_START_SH_EXECUTED',
    flag,
    'Set by docker-stacks’ start.sh, and by Lintel once it has run the hooks: they are not run again.',
  ),
  pangeoEnvironment: platform(
    ['PANGEO_ENV', 'CONDA_ENV'],
    anyText,
    'Conda environment whose programs come first (Pangeo).',
  ),
  condaDir: platform('CONDA_DIR', absolutePath, 'Where conda is installed. Default: /opt/conda.'),
  pangeoScratchPrefix: platform(
    'PANGEO_SCRATCH_PREFIX',
    anyText,
    'PANGEO_SCRATCH becomes this and the user’s name (JUPYTERHUB_USER).',
  ),
} as const satisfies Record<string, Variable<unknown>>;
