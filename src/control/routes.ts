import * as z from 'zod/mini';
import { makeRecordSchema } from '../timing/record.ts';

/**
 * Every request that the control socket answers: HTTP/1.1 with JSON, one request a connection. The server checks what
 * it is asked by `request`, the client what it hears by `response`. Schemas are made when somebody connects: an idle
 * workbench has none.
 *
 * A request stands in the query of a GET (texts) and in the body of a POST (JSON). A refusal is
 * `{"error": "sentence"}` with a status from 400 on.
 */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `owner`: root, the workbench user and Lintel's own. `anyService`: also the users of services. */
  readonly callers: 'owner' | 'anyService';
  /** `stream`: one JSON object a line, for as long as the client stays. `either`: when the request asks for it. */
  readonly answers: 'once' | 'stream' | 'either';
  readonly summary: string;
  readonly request: () => z.ZodMiniType;
  readonly response: () => z.ZodMiniType;
}

export const ACTIONS = ['start', 'stop', 'restart'] as const;
/** The longest that a request may wait. Milliseconds. */
export const LONGEST_WAIT_MS = 86_400_000;
/** As many lines may be asked for; more are kept of nobody. */
export const MOST_LINES = 1_000_000;
const MOST_NAMES = 1000;

/** A query holds texts. */
const yes = () => z.optional(z.literal('1'));
const count = (most: number) =>
  z.pipe(
    z.pipe(
      z.string().check(z.regex(/^\d{1,12}$/)),
      z.transform(text => Number(text)),
    ),
    z.number().check(z.lte(most)),
  );
const names = () =>
  z.array(z.string().check(z.minLength(1), z.maxLength(255))).check(z.maxLength(MOST_NAMES));

const makeStage = () =>
  z.union([
    z.object({ name: z.literal('booting'), script: z.optional(z.string()) }),
    z.object({ name: z.literal('running') }),
    z.object({ name: z.literal('stopping'), reason: z.string() }),
  ]);

const makeService = () =>
  z.object({
    name: z.string(),
    description: z.string(),
    state: z.string(),
    isReady: z.boolean(),
    isFailing: z.boolean(),
    isLate: z.boolean(),
    isKeptDown: z.boolean(),
    pid: z.optional(z.number()),
    user: z.string(),
    isCritical: z.boolean(),
    spawn: z.number(),
    forMs: z.number(),
    restartsInMs: z.optional(z.number()),
    deaths: z.number(),
    deathCount: z.number(),
    lastExit: z.optional(
      z.looseObject({
        code: z.optional(z.number()),
        signal: z.optional(z.string()),
        error: z.optional(z.string()),
      }),
    ),
    lastDeath: z.optional(z.string()),
    lastEnd: z.optional(z.string()),
    lastCause: z.optional(z.string()),
    lastRemarks: z.readonly(z.array(z.string())),
    waitsFor: z.readonly(z.array(z.string())),
    illness: z.optional(z.string()),
    symptom: z.optional(z.string()),
    requires: z.readonly(z.array(z.string())),
    after: z.readonly(z.array(z.string())),
  });

const makeTroubles = () => z.readonly(z.array(z.object({ name: z.string(), why: z.string() })));

export const ROUTES = {
  status: {
    method: 'GET',
    path: '/v1/status',
    callers: 'owner',
    answers: 'either',
    summary: 'the workbench and its services; with watch=1 again after each change',
    request: () => z.strictObject({ watch: yes() }),
    response: () =>
      z.object({
        version: z.string(),
        pid: z.number(),
        /** Since Lintel began. */
        upMs: z.number(),
        stage: makeStage(),
        services: z.readonly(z.array(makeService())),
      }),
  },
  services: {
    method: 'POST',
    path: '/v1/services',
    callers: 'owner',
    answers: 'once',
    summary: 'start, stop or restart services; with waitMs the answer comes when that is done, or 409',
    request: () =>
      z.strictObject({
        names: names().check(z.minLength(1)),
        action: z.enum(ACTIONS),
        waitMs: z.optional(z.int().check(z.gte(0), z.lte(LONGEST_WAIT_MS))),
        withDependents: z.optional(z.boolean()),
      }),
    /** Those that were asked, requirements and dependents included. */
    response: () => z.object({ services: z.readonly(z.array(makeService())) }),
  },
  logs: {
    method: 'GET',
    path: '/v1/logs',
    callers: 'owner',
    answers: 'stream',
    summary: 'the last lines of services and scripts; with follow=1 those that come, too',
    request: () =>
      z.strictObject({
        lines: z.optional(count(MOST_LINES)),
        follow: yes(),
        name: z.optional(names()),
      }),
    /** `skipped`: so many lines were left out here, because the client read too slowly. */
    response: () =>
      z.union([
        z.object({
          source: z.string(),
          stream: z.enum(['stdout', 'stderr']),
          text: z.string(),
          timeMs: z.number(),
        }),
        z.object({ skipped: z.number() }),
      ]),
  },
  ready: {
    method: 'GET',
    path: '/v1/ready',
    callers: 'owner',
    answers: 'once',
    summary: 'whether every service that should run is ready; waits for that at most waitMs',
    request: () => z.strictObject({ waitMs: z.optional(count(LONGEST_WAIT_MS)) }),
    response: () => z.object({ isReady: z.boolean(), stage: makeStage(), notReady: makeTroubles() }),
  },
  health: {
    method: 'GET',
    path: '/v1/health',
    callers: 'owner',
    answers: 'once',
    summary: 'whether a service has failed, is failing, unhealthy or late',
    request: () => z.strictObject({}),
    response: () => z.object({ isHealthy: z.boolean(), stage: makeStage(), troubles: makeTroubles() }),
  },
  boot: {
    method: 'GET',
    path: '/v1/boot',
    callers: 'owner',
    answers: 'once',
    summary: 'where the time of the boot went, as in boot.json',
    request: () => z.strictObject({}),
    response: makeRecordSchema,
  },
  environment: {
    method: 'GET',
    path: '/v1/environment',
    callers: 'owner',
    answers: 'once',
    summary: 'what a new process of the workbench user sees; secrets are *** but with reveal=1',
    request: () => z.strictObject({ reveal: yes() }),
    response: () =>
      z.object({
        variables: z.readonly(
          z.array(
            z.object({
              name: z.string(),
              /** Absent: the boot took it away. */
              value: z.optional(z.string()),
              /** What the container itself has; absent where it has none. */
              given: z.optional(z.string()),
              /** Who said so last. */
              source: z.string(),
              isSecret: z.boolean(),
            }),
          ),
        ),
        user: z.object({
          name: z.string(),
          uid: z.number(),
          gid: z.number(),
          groups: z.readonly(z.array(z.number())),
        }),
      }),
  },
  explanation: {
    method: 'GET',
    path: '/v1/environment/explanation',
    callers: 'owner',
    answers: 'once',
    summary: 'who set a variable or took it away, one after the other; secrets are ***',
    request: () => z.strictObject({ variable: z.string().check(z.minLength(1), z.maxLength(1000)) }),
    response: () =>
      z.object({
        name: z.string(),
        changes: z.readonly(
          z.array(
            z.object({
              source: z.string(),
              /** Absent: taken away. */
              value: z.optional(z.string()),
              replaced: z.optional(z.string()),
            }),
          ),
        ),
        /** Where nobody set it: a name like it. */
        meant: z.optional(z.string()),
        /** Where nobody set it: the tool that has set the same elsewhere, and what. */
        instead: z.optional(z.object({ tool: z.string(), text: z.string() })),
      }),
  },
  findings: {
    method: 'GET',
    path: '/v1/findings',
    callers: 'owner',
    answers: 'once',
    summary: 'what was found out after the start: whether the GPU can be used',
    request: () => z.strictObject({}),
    response: () =>
      z.object({
        gpu: z.optional(
          z.object({
            vendor: z.enum(['nvidia', 'amd', 'intel']),
            devices: z.readonly(z.array(z.string())),
            trouble: z.optional(z.string()),
          }),
        ),
      }),
  },
  shutdown: {
    method: 'POST',
    path: '/v1/shutdown',
    callers: 'anyService',
    answers: 'once',
    summary: 'end the workbench in order; code is what the container ends with',
    request: () => z.strictObject({ code: z.optional(z.int().check(z.gte(0), z.lte(255))) }),
    response: () => z.object({ stage: makeStage() }),
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof ROUTES;
/** What a client sends, and what the server's schema makes of it. */
export type RequestOf<Name extends RouteName> = z.input<ReturnType<(typeof ROUTES)[Name]['request']>>;
export type CheckedRequestOf<Name extends RouteName> = z.output<ReturnType<(typeof ROUTES)[Name]['request']>>;
export type ResponseOf<Name extends RouteName> = z.output<ReturnType<(typeof ROUTES)[Name]['response']>>;
