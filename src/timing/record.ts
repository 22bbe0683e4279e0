import * as z from 'zod/mini';

/**
 * How a boot went, as data: boot.json in the runtime folder, `lintel analyze`, the status page and /metrics show
 * nothing else. Times are milliseconds since the process began. Names of scripts and services stand in it; values of
 * variables, secrets and what programs said do not.
 */
export type BootRecord = z.output<ReturnType<typeof makeRecordSchema>>;
export type Span = BootRecord['spans'][number];

/** Made when somebody asks: an idle workbench has no schemas. */
export const makeRecordSchema = () =>
  z.object({
    format: z.literal(1),
    /** Lintel's version. */
    version: z.string(),
    /** When the process began, in ISO 8601. */
    beganAt: z.string(),
    /**
     * booting until all that should be ready is (ready), or something of it will not be soon (incomplete): from then on
     * the record changes no more. failed: nothing came to run. stopped: a stop came before.
     */
    outcome: z.enum(['booting', 'ready', 'incomplete', 'failed', 'stopped']),
    /** Up to that, or up to now. */
    tookMs: makeMs(),
    /** Why it was stopped or has failed; of an incomplete one, who is not ready: "web (failed: exited with code 3)". */
    reason: z.optional(z.string()),
    spans: z.readonly(z.array(makeSpan())),
    /** What the workbench does without, in a few words each: "no home to write to", "PIP_REPOSITORY". */
    reduced: z.readonly(z.array(z.string())),
  });

const makeSpan = () =>
  z.object({
    /**
     * stage: Lintel's own work. step: what takes time, such as Vault or a clone. script: of cont-init.d. wait: a service
     * that may not start yet. service: from its first start until it is ready for the first time.
     */
    kind: z.enum(['stage', 'step', 'script', 'wait', 'service']),
    name: z.string(),
    startMs: makeMs(),
    /** Absent while it goes on. */
    endMs: z.optional(makeMs()),
    /** Of a service that goes on: from when on it was waited for no more, since it was late or kept dying. */
    givenUpMs: z.optional(makeMs()),
    /** Others go on meanwhile. */
    isBeside: z.boolean(),
    /** It ended badly, or can't be ready any more. */
    isFailed: z.boolean(),
    /** Of a wait: for which services, or "the password". */
    waitedFor: z.optional(z.readonly(z.array(z.string()))),
    /** Of a service: how often it was started until it was ready. */
    starts: z.optional(z.number()),
  });

const makeMs = () => z.number().check(z.gte(0));
