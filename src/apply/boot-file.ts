import { renderCause } from '../errors.ts';
import type { Plan } from '../plan.ts';
import type { BootRecord } from '../timing/record.ts';
import { ofReader, writeFile } from './files.ts';

/**
 * boot.json of the runtime folder: how the boot went, for whoever comes when nobody answers any more. Returns one
 * sentence where it can't be written.
 */
export function writeBootFile(
  { runtimeDir, user }: Pick<Plan, 'runtimeDir' | 'user'>,
  record: BootRecord,
): string | undefined {
  const path = `${runtimeDir}/boot.json`;
  try {
    writeFile(path, { text: `${JSON.stringify(record)}\n`, ...ofReader(user) });
    return undefined;
  } catch (error) {
    return `Cannot write ${path}: ${renderCause(error)}; "lintel analyze" needs a running Lintel then`;
  }
}
