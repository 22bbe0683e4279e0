import { makeEnvironment } from '../environment.ts';
import { isExecutableFile, readStat } from '../facts/files.ts';
import type { Findings, GpuCheck } from '../facts/findings.ts';
import type { GpuFact } from '../facts/gpu.ts';
import { findProgram } from '../facts/programs.ts';
import { renderExit } from '../processes/exit.ts';
import { type RunOutcome, runToEnd } from '../processes/run.ts';
import { chooseGpu } from '../tools/gpu.ts';
import { findComplaint, parseModels, parseNvidiaList } from './nvidia.ts';
import type { LateStep, StepContext } from './step.ts';

/** A GPU that was asleep needs a second or two, a broken one may never answer. Milliseconds. */
const LIMIT_MS = 5000;
/** A process that waits inside the driver does not even die of KILL: it is left to itself then. Milliseconds. */
const KILL_MS = 1000;

/**
 * Whether the workbench user can use the GPU. Everything that reaches for the device is done by a child, as that user,
 * beside services and CMD: a driver that hangs makes nobody wait.
 */
export const gpu: LateStep = {
  name: 'GPU check',
  isWanted: ({ settings, facts }) => chooseGpu(settings, facts) !== undefined,
  async run(context): Promise<Findings> {
    const chosen = chooseGpu(context.settings, context.facts);
    if (chosen === undefined) return {};
    const check =
      chosen.vendor === 'nvidia' ? await askNvidia(chosen, context) : await tryOpen(chosen, context);
    if (context.stop.aborted) return {};
    const { devices, trouble } = check;
    if (trouble !== undefined) context.log.warn(`the ${chosen.vendor} GPU can’t be used: ${trouble}`);
    return {
      gpu: { vendor: chosen.vendor, devices, ...(trouble === undefined ? {} : { trouble }) },
    };
  },
};

type Check = Pick<GpuCheck, 'devices' | 'trouble'>;
const NOTHING_WRONG: Check = { devices: [] };

/** nvidia-smi opens every device itself: only where it fails, or is missing, the devices are tried one by one. */
async function askNvidia(gpu: GpuFact, context: StepContext): Promise<Check> {
  const program = findNvidiaSmi(context);
  if (program === undefined) return askNvidiaDriver(gpu, context);
  const outcome = await runAsUser(context, [program, '-L']);
  if (outcome === undefined || outcome.isTimedOut)
    return { devices: [], trouble: `nvidia-smi did not answer in ${LIMIT_MS / 1000} s` };
  const devices = parseNvidiaList(outcome.stdout);
  const isFine = 'code' in outcome.exit && outcome.exit.code === 0 && devices.length > 0;
  if (isFine) return { devices };
  // What the kernel says of the device is nearer to the cause than what the program makes of it.
  const opened = await tryOpen(gpu, context);
  return { devices, trouble: opened.trouble ?? explainNvidia(outcome, gpu) };
}

/** Who was given a GPU for computing alone has no nvidia-smi. What the driver tells of it, it asks the GPU for. */
async function askNvidiaDriver(gpu: GpuFact, context: StepContext): Promise<Check> {
  const opened = await tryOpen(gpu, context);
  if (opened.trouble !== undefined) return opened;
  const cat = 'cat "$1"/*/information 2>/dev/null';
  const gpus = `${context.facts.root}/proc/driver/nvidia/gpus`;
  const outcome = await runAsUser(context, ['/bin/sh', '-c', cat, 'sh', gpus]);
  return { devices: parseModels(outcome?.stdout ?? '') };
}

function findNvidiaSmi({ environment, facts }: StepContext): string | undefined {
  const lent = ['/usr/lib/wsl/lib', '/usr/local/nvidia/bin'].map(
    folder => `${facts.root}${folder}/nvidia-smi`,
  );
  return findProgram('nvidia-smi', environment) ?? lent.find(isExecutableFile);
}

function explainNvidia({ exit, stdout, stderr }: RunOutcome, { driver }: GpuFact): string {
  const complaint = findComplaint(stdout, stderr);
  if (complaint === undefined) return `nvidia-smi ${renderExit(exit)}`;
  const isMismatch = driver !== undefined && /version mismatch/i.test(complaint);
  return `nvidia-smi says: ${complaint}${isMismatch ? ` (the kernel’s driver is ${driver})` : ''}`;
}

/**
 * A line for each node: nothing where it opens for reading and writing, else the shell's words. `<>` would make a
 * file where there is none.
 */
const OPEN =
  'for node; do printf "%s\\n" "$( { [ -e "$node" ] || echo "sh: No such file or directory"; [ ! -e "$node" ] || : <>"$node"; } 2>&1 )"; done';

async function tryOpen({ nodes }: GpuFact, context: StepContext): Promise<Check> {
  if (nodes.length === 0) return NOTHING_WRONG;
  const outcome = await runAsUser(context, ['/bin/sh', '-c', OPEN, 'sh', ...nodes]);
  if (outcome === undefined || 'error' in outcome.exit) return NOTHING_WRONG;
  const answers = outcome.stdout.split('\n').slice(0, -1);
  const hung = outcome.isTimedOut ? nodes[answers.length] : undefined;
  if (hung !== undefined) return { devices: [], trouble: `${hung} did not open in ${LIMIT_MS / 1000} s` };
  const troubles = nodes.flatMap((node, index) => explainNode(node, answers[index] ?? '', context) ?? []);
  return troubles[0] === undefined ? NOTHING_WRONG : { devices: [], trouble: troubles[0] };
}

function explainNode(node: string, answer: string, context: StepContext): string | undefined {
  const words = answer.split(': ').at(-1) ?? '';
  if (words === '') return undefined;
  const { user } = context.plan;
  if (/^(No such device or address|No such device)$/.test(words))
    return `${node} has no driver behind it (${words}): the machine’s driver is not loaded, or not the one that the node was made for`;
  if (words === 'Operation not permitted')
    return `the container’s rules for devices forbid ${node}: give the container the device, not the node alone`;
  if (words !== 'Permission denied') return `${node} can’t be opened: ${words}`;
  return `${user.name} may not open ${node} (${renderOwner(node, context)}`;
}

const GROUP_MAY_READ_AND_WRITE = 0o060;

/** "mode 660, group 109 (render)): start the container with that group, --group-add 109" */
function renderOwner(node: string, { facts }: StepContext): string {
  const stat = readStat(node);
  if (stat === undefined) return 'it is hidden)';
  const mode = (stat.mode & 0o777).toString(8);
  const name = facts.accounts.groups.find(({ gid }) => gid === stat.gid)?.name;
  const group = `${stat.gid}${name === undefined ? '' : ` ${name}`}`;
  const owner = `mode ${mode}, user ${stat.uid}, group ${group}`;
  const isOpenToGroup = (stat.mode & GROUP_MAY_READ_AND_WRITE) === GROUP_MAY_READ_AND_WRITE;
  if (!isOpenToGroup || stat.gid === 0) return `${owner}): the machine has to open it to others`;
  return `${owner}): start the container with that group (--group-add ${stat.gid}, in Kubernetes supplementalGroups)`;
}

/** undefined where it could not even be killed. */
async function runAsUser(
  { plan, environment, spawner, stop }: StepContext,
  argv: readonly [string, ...string[]],
): Promise<RunOutcome | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, LIMIT_MS + KILL_MS, undefined);
  const run = runToEnd(spawner, {
    argv,
    user: plan.user,
    // Words are looked for in what programs say.
    environment: { ...makeEnvironment(environment, {}, plan.user), LC_ALL: 'C' },
    timeoutMs: LIMIT_MS,
    signal: stop,
  });
  return Promise.race([run, late.promise]).finally(() => clearTimeout(timer));
}
