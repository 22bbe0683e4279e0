import { renderLastLines } from '../apply/init-scripts.ts';
import { runRemoteScript } from '../apply/remote-script.ts';
import { readWorkingDirectory } from '../facts/process.ts';
import type { Download } from '../remote/download.ts';
import { makeNetwork } from '../remote/network.ts';
import { downloadScript } from '../remote/script.ts';
import { maskUrl } from '../settings/url.ts';
import type { Step, StepContext } from './step.ts';

const RETRY_MS = 30_000;

/** The user's own script, run when everything but services and CMD is done. Whatever it does, the boot goes on. */
export const personalScript: Step = {
  name: 'personal-script',
  isWanted: ({ settings }) => settings.personalScript !== undefined,
  async run(context) {
    const { settings, log, stop } = context;
    const url = settings.personalScript ?? '';
    const what = `PERSONAL_INIT_SCRIPT "${maskUrl(url)}"`;
    const fetched = await fetchScript(url, context);
    if (stop.aborted) return undefined;
    if (!fetched.isOk) {
      log.warn(`Cannot run ${what}: ${fetched.trouble}`);
      context.giveUp();
      return undefined;
    }
    const { failure, growth } = await runRemoteScript(
      {
        name: 'personal-script',
        bytes: fetched.body,
        args: (settings.personalScriptArgs ?? '').split(/\s+/).filter(word => word !== ''),
        cwd: readWorkingDirectory(),
      },
      context,
    );
    if (failure !== undefined) {
      log.warn(`${what} ${failure.how}${renderLastLines(failure.lastLines)}`);
      context.giveUp();
    }
    return growth;
  },
};

function fetchScript(url: string, { settings, facts, log, stop }: StepContext): Promise<Download> {
  const onRetry = (trouble: string) =>
    log.warn(`PERSONAL_INIT_SCRIPT can't be fetched yet, it is tried for ${RETRY_MS / 1000} s: ${trouble}`);
  return downloadScript({ url, retryMs: RETRY_MS, signal: stop, onRetry }, makeNetwork(settings, facts));
}
