declare const LINTEL_VERSION_BUILT: string | undefined;

/** The version in package.json, set by the build. */
export const LINTEL_VERSION: string =
  typeof LINTEL_VERSION_BUILT === 'string' ? LINTEL_VERSION_BUILT : 'development';
