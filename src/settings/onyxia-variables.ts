import type { Environment } from '../launch/environ.ts';
import { findWithoutEffect, type WithoutEffect } from './without-effect.ts';

/**
 * What onyxia-init.sh read in one of its versions and no setting of Lintel's stands for, and why. Those of `always` ask
 * for what is so here in any case; the others are named once when a platform sets them.
 */
export const ONYXIA_VARIABLES: Readonly<Record<'always' | 'never', Readonly<Record<string, string>>>> = {
  always: {
    AWS_EXPIRATION: 'R, RStudio and everybody else find the container’s variables',
    CUSTOM_PYTHON_ENV: 'no shell’s conda environment is changed',
    GROUPNAME: 'what is made in the home has the workbench user’s own group',
    HADOOP_HOME: 'R, RStudio and everybody else find the container’s variables',
    HADOOP_OPTIONAL_TOOLS: 'R, RStudio and everybody else find the container’s variables',
    IMAGE_NAME: 'R, RStudio and everybody else find the container’s variables',
    JAVA_HOME: 'R, RStudio and everybody else find the container’s variables',
    MAMBA_DIR: 'JupyterLab says itself where its settings are',
    PROJECT_GROUP: 'the clone is made by the workbench user, so it has their group',
    PROJECT_USER: 'the clone is made by the workbench user, so it is theirs',
    R_HOME: 'R says itself where it is',
    SPARK_HOME: 'R, RStudio and everybody else find the container’s variables',
  },
  never: {
    ENABLE_JUPYTER_AI_EXTENSION: 'a boot installs no packages; build them into the image',
    EXTRA_APT_PACKAGES: 'a boot installs no packages; build them into the image',
    EXTRA_CONDA_PACKAGES: 'a boot installs no packages; build them into the image',
    EXTRA_PIP_PACKAGES: 'a boot installs no packages; build them into the image',
    FAUXPILOT_SERVER: 'the FauxPilot extension is an image’s own; a script in cont-init.d can set it up',
    URL_INIT_SERVICE: 'PERSONAL_INIT_SCRIPT is the variable for that',
  },
};

/** Those of them that are set to something. */
export function findOnyxiaVariables(environment: Environment): WithoutEffect[] {
  return findWithoutEffect(environment, {
    variables: ONYXIA_VARIABLES.never,
    usual: () => ['0', 'false'],
    page: 'docs/onyxia.md',
  });
}
