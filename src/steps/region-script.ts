import { runRemoteScript } from '../apply/remote-script.ts';
import { type Download, isLoopback } from '../remote/download.ts';
import { makeNetwork } from '../remote/network.ts';
import { downloadScript } from '../remote/script.ts';
import { maskUrl } from '../settings/url.ts';
import { complain, SCRIPT_FAILED } from './complaint.ts';
import type { Step, StepContext, StepGrowth } from './step.ts';

/** How long a mesh's or a sidecar's proxy may take to come up. */
const RETRY_MS = 10_000;

/** The platform's script, run before anything is decided: it may bring the certificates that others name. */
export const regionScript: Step = {
  name: 'region-script',
  isWanted: ({ settings }) => settings.regionScript !== undefined,
  async run(context) {
    const { settings, log, stop } = context;
    const url = settings.regionScript ?? '';
    const what = `REGION_INIT_SCRIPT "${maskUrl(url)}"`;
    const trouble = findMalformedChecksum(context);
    if (trouble !== undefined) return void complain(context, `Cannot run ${what}: ${trouble}`);
    if (url.startsWith('http:') && !isLoopback(url) && settings.regionScriptChecksum === undefined)
      log.warn(`${what} comes without encryption: whoever is on its way can change it`);
    const fetched = await fetchScript(url, context);
    if (stop.aborted) return undefined;
    if ('trouble' in fetched) return void complain(context, `Cannot run ${what}: ${fetched.trouble}`);
    return await runIt(what, fetched.bytes, context);
  },
};

async function runIt(what: string, bytes: Buffer, context: StepContext): Promise<StepGrowth | undefined> {
  const { failure, growth } = await runRemoteScript(
    { name: 'region-script', bytes, args: [], cwd: '/' },
    context,
  );
  if (failure !== undefined)
    complain(context, `${what} ${failure.how}`, { exitCode: SCRIPT_FAILED, lastLines: failure.lastLines });
  return growth;
}

/** A checksum that nobody can read is no reason to go without one. */
function findMalformedChecksum({ plan }: StepContext): string | undefined {
  const problem = plan.problems.find(({ what }) => what === 'REGION_INIT_SCRIPT_CHECKSUM');
  return problem && `its checksum is ${problem.seen}, expected ${problem.expected}`;
}

type Fetched = { readonly bytes: Buffer } | { readonly trouble: string };

async function fetchScript(url: string, context: StepContext): Promise<Fetched> {
  const { settings, log } = context;
  const checksum = settings.regionScriptChecksum;
  const verified = await ask(url, true, context);
  const mayBeUnverified = checksum !== undefined || settings.regionScriptInsecure === true;
  const isDoubted = !verified.isOk && verified.isVerification;
  if (isDoubted && !mayBeUnverified) return { trouble: `${verified.trouble}, expected ${WAYS_OUT}` };
  const answer = isDoubted ? await ask(url, false, context) : verified;
  if (!answer.isOk) return answer;
  if (checksum === undefined) {
    if (isDoubted)
      log.warn(`REGION_INIT_SCRIPT is run unverified (LINTEL_REGION_INIT_INSECURE): ${verified.trouble}`);
    return { bytes: answer.body };
  }
  const { createHash } = process.getBuiltinModule('node:crypto');
  const seen = createHash('sha256').update(answer.body).digest('hex');
  if (seen !== checksum)
    return { trouble: `its SHA-256 is ${seen}, expected ${checksum} (REGION_INIT_SCRIPT_CHECKSUM)` };
  return { bytes: answer.body };
}

const WAYS_OUT =
  'a certificate that is trusted here, the script’s REGION_INIT_SCRIPT_CHECKSUM, or LINTEL_REGION_INIT_INSECURE=1';

function ask(
  url: string,
  isVerified: boolean,
  { settings, facts, log, stop }: StepContext,
): Promise<Download> {
  const onRetry = (trouble: string) =>
    log.warn(`REGION_INIT_SCRIPT can't be fetched yet, it is tried for ${RETRY_MS / 1000} s: ${trouble}`);
  return downloadScript(
    { url, isVerified, retryMs: RETRY_MS, signal: stop, onRetry },
    makeNetwork(settings, facts),
  );
}
