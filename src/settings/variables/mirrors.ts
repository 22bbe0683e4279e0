import { channels, httpUrl } from '../values.ts';
import { platform, type Variable } from '../variable.ts';

export const MIRRORS = {
  pipRepository: platform('PIP_REPOSITORY', httpUrl, 'Package index for pip and uv.'),
  condaRepository: platform(
    'CONDA_REPOSITORY',
    channels,
    'Channels for conda, mamba and micromamba, instead of the defaults.',
  ),
  rRepository: platform(
    'R_REPOSITORY',
    httpUrl,
    'CRAN mirror for R and renv, after PACKAGE_MANAGER_URL where there are both.',
  ),
  packageManagerUrl: platform(
    'PACKAGE_MANAGER_URL',
    httpUrl,
    'Posit Package Manager with R packages built for this distribution, whose name is added: https://host/cran. One that names a distribution is taken as it is.',
  ),
  npmRepository: platform('NPM_REPOSITORY', httpUrl, 'Package registry for npm.'),
} as const satisfies Record<string, Variable<unknown>>;
