import { ca } from './ca.ts';
import { conda } from './conda.ts';
import { git } from './git.ts';
import { gpu } from './gpu.ts';
import { java } from './java.ts';
import { kubernetes } from './kubernetes.ts';
import { node } from './node.ts';
import { pangeo } from './pangeo.ts';
import { pip } from './pip.ts';
import { r } from './r.ts';
import { s3 } from './s3.ts';
import { shells } from './shells.ts';
import { sudo } from './sudo.ts';
import type { Tool } from './tool.ts';
import { uv } from './uv.ts';

/** Every tool, in the order of the boot summary. */
export const TOOLS: readonly Tool[] = [
  ca,
  pip,
  uv,
  conda,
  r,
  git,
  node,
  sudo,
  gpu,
  shells,
  pangeo,
  java,
  s3,
  kubernetes,
];
