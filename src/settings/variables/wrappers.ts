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
    'PANGEO_ENV',
    anyText,
    'Conda environment whose programs come first on PATH, where there is one of that name (Pangeo).',
  ),
  condaEnvironment: platform('CONDA_ENV', anyText, 'The same, where PANGEO_ENV names none.'),
  condaDir: platform(
    'CONDA_DIR',
    absolutePath,
    'Where conda is installed. Default: /opt/conda or /srv/conda.',
  ),
  pangeoScratchPrefix: platform(
    'PANGEO_SCRATCH_PREFIX',
    anyText,
    'PANGEO_SCRATCH becomes this and the user’s name (JUPYTERHUB_USER).',
  ),
  jupyterhubUser: platform('JUPYTERHUB_USER', anyText, 'The user’s name, set by JupyterHub.'),
} as const satisfies Record<string, Variable<unknown>>;
