import type { Environment } from '../launch/environ.ts';
import { readBytes, readNames } from './files.ts';

/** A folder in which duckdb's clients keep and look for secrets. */
export interface SecretFolder {
  /** Name of our secret, and the file that it stands in. */
  readonly name: string;
  readonly file: string;
  /** Whether only older versions of R's package look here. */
  readonly isForR: boolean;
  /** Our secret of an earlier boot, one byte a character. */
  readonly ours: string | undefined;
  /** Names of the user's own, without their ending. */
  readonly others: readonly string[];
}

const NAME = 'lintel_s3';
const ENDING = '.duckdb_secret';
const MAX_BYTES = 64 * 1024;

/** `present`: where the home is now, before it gets its name. */
export function readDuckdb(
  environment: Environment,
  home: { readonly path: string; readonly present: string },
): SecretFolder[] {
  const data = environment['R_USER_DATA_DIR'] || environment['XDG_DATA_HOME'];
  const places = (path: string) => [
    { folder: `${path}/.duckdb/stored_secrets`, isForR: false },
    { folder: `${data || `${path}/.local/share`}/R/duckdb/stored_secrets`, isForR: true },
  ];
  const present = places(home.present);
  return places(home.path).map(({ folder, isForR }, index) => {
    const now = present[index]?.folder ?? folder;
    const names = readNames(now)
      .filter(name => name.endsWith(ENDING))
      .map(name => name.slice(0, -ENDING.length));
    return {
      name: NAME,
      file: `${folder}/${NAME}${ENDING}`,
      isForR,
      ours: names.includes(NAME) ? readOurs(`${now}/${NAME}${ENDING}`) : undefined,
      others: names.filter(name => name !== NAME),
    };
  });
}

/** Empty where it can't be read: it is there all the same, and is written again. */
function readOurs(path: string): string {
  try {
    return readBytes(path, MAX_BYTES)?.toString('latin1') ?? '';
  } catch {
    return '';
  }
}
