import {
  makeRandomText,
  readKeptSecret,
  type SecretFile,
  vouchForAccount,
  writeSecret,
} from '../apply/passwords.ts';
import { renderCause } from '../errors.ts';
import type { Step, StepContext, StepSubject } from './step.ts';

const LENGTH = 24;
/** The protocol reads no more. */
const VNC_LENGTH = 8;

/**
 * The passwords of the user and of the desktop: PASSWORD and VNC_PASSWORD, else what an earlier start of the container
 * made up, else new ones. They stand in files of the user's before the first script runs. Then the user's is made the
 * account's, which only services wait for that say so: it takes longer than the rest of a boot.
 */
export const password: Step = {
  name: 'password',
  isWanted: () => true,
  async run(context) {
    const { settings, plan } = context;
    const kept = readKeptSecret(plan.runtimeDir, 'password', plan.user);
    const text = settings.password ?? kept ?? makeRandomText(LENGTH);
    keep(context, 'password', { text, kept });
    const keptVnc = readKeptSecret(plan.runtimeDir, 'vnc-password', plan.user);
    const vnc = settings.vncPassword ?? keptVnc ?? makeRandomText(VNC_LENGTH);
    keep(context, 'vnc-password', { text: vnc, kept: keptVnc });
    if (isLeft(context)) return vouch(context);
    if (!isToBeSet(context)) return undefined;
    const { setPassword } = await import('./account-password.ts');
    const trouble = await setPassword(context, { text, kept });
    if (trouble === undefined) return vouch(context);
    // A stop ends the program.
    if (context.stop.aborted) return undefined;
    // What is the account's password then may be known to everybody who knows the image: nobody vouches for it.
    const names = listDependent(context).join(', ');
    // Nobody else would miss it.
    if (names === '') return undefined;
    context.log.warn(
      `the password of ${plan.user.name} could not be set: ${trouble}; ${names} may let nobody in by password`,
    );
    context.giveUp();
    return undefined;
  },
};

/** Whoever asks for the account's password is meant to get the one that it has. */
function isLeft({ settings, facts }: StepSubject): boolean {
  // Below LINTEL_ROOT the accounts would be another system's.
  return settings.setPassword === false || facts.root !== '';
}

/** It is a password for those who can ask for one. */
function isToBeSet(subject: StepSubject): boolean {
  const { settings, facts } = subject;
  const { sshd, rserver } = facts.programs;
  return settings.password !== undefined || isAwaited(subject) || sshd !== undefined || rserver !== undefined;
}

function isAwaited({ plan }: StepSubject): boolean {
  return plan.services.some(({ definition }) => definition.needsPassword);
}

/** Those that know the password from the account alone. */
function listDependent({ plan }: StepSubject): string[] {
  return plan.services.flatMap(({ definition: { name, needsPassword, knowsPassword } }) =>
    needsPassword && !knowsPassword ? name : [],
  );
}

function keep(
  { plan, log }: StepContext,
  name: SecretFile,
  { text, kept }: { readonly text: string; readonly kept: string | undefined },
): void {
  if (text === kept) return;
  try {
    writeSecret(plan.runtimeDir, { name, text, user: plan.user });
  } catch (error) {
    log.error(`Cannot write ${plan.runtimeDir}/secrets/${name}: ${renderCause(error)}`);
  }
}

function vouch({ plan, facts, log }: StepContext): undefined {
  try {
    vouchForAccount(plan.runtimeDir, facts.process);
  } catch (error) {
    log.error(`Cannot write ${plan.runtimeDir}/account-ready: ${renderCause(error)}; sshd takes keys only`);
  }
}
