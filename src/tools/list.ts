import { appearance } from './appearance.ts';
import { apt } from './apt.ts';
import { ca } from './ca.ts';
import { conda } from './conda.ts';
import { curl } from './curl.ts';
import { git } from './git.ts';
import { gpu } from './gpu.ts';
import { java } from './java.ts';
import { kubernetes } from './kubernetes.ts';
import { node } from './node.ts';
import { npm } from './npm.ts';
import { pangeo } from './pangeo.ts';
import { pip } from './pip.ts';
import { proxies } from './proxies.ts';
import { r } from './r.ts';
import { s3 } from './s3.ts';
import { services } from './services.ts';
import { shells } from './shells.ts';
import { sudo } from './sudo.ts';
import type { Tool } from './tool.ts';
import { uv } from './uv.ts';
import { wget } from './wget.ts';

/** Every tool, in the order of the boot summary. */
export const TOOLS: readonly Tool[] = [
  ca,
  proxies,
  pip,
  uv,
  conda,
  r,
  node,
  npm,
  git,
  curl,
  wget,
  java,
  apt,
  s3,
  kubernetes,
  appearance,
  gpu,
  pangeo,
  services,
  shells,
  sudo,
];
