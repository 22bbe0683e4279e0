import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGES, podman } from '../../dev/engine.ts';

export interface ImageSource {
  /** A file, or the text of one. In it `lintel-base` is Dockerfile.base and `lintel` Lintel alone, as users call them. */
  readonly dockerfile: { readonly file: string } | { readonly text: string };
  /** The folder that COPY takes from. */
  readonly context: string;
  readonly target?: string;
  /** What else the Dockerfile calls an image, and which one that is here. */
  readonly images?: Readonly<Record<string, string>>;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Whether it installs Debian's packages; else there is no network. */
  readonly isInstalling?: boolean;
  /** What its steps print is part of the error. */
  readonly isLoud?: boolean;
}

/** Builds an image for a test, without a registry; returns its tag. Layers are kept between runs. */
export async function buildDockerfile(name: string, source: ImageSource): Promise<string> {
  const tag = `${IMAGES.base}-test-${name}`;
  const { dockerfile, context, target, buildArguments = {}, isInstalling = false, isLoud = false } = source;
  const images = { 'lintel-base': IMAGES.base, lintel: IMAGES.alone, ...source.images };
  const isText = 'text' in dockerfile;
  const file = isText ? join(tmpdir(), `lintel-test-${randomUUID()}.Dockerfile`) : dockerfile.file;
  if (isText) await writeFile(file, dockerfile.text);
  try {
    await podman([
      ...[
        'build',
        ...(isLoud ? [] : ['--quiet']),
        '--pull=never',
        '--format',
        'docker',
        '--layers',
        '--tag',
        tag,
      ],
      ...['--network', isInstalling ? 'host' : 'none'],
      ...Object.entries(images).map(([as, image]) => `--build-context=${as}=container-image://${image}`),
      ...Object.entries(buildArguments).map(([key, value]) => `--build-arg=${key}=${value}`),
      ...(target === undefined ? [] : ['--target', target]),
      ...['--file', file, context],
    ]);
  } finally {
    if (isText) await rm(file, { force: true });
  }
  return tag;
}
