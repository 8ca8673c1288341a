// Types of the client. Those of answers come from the control API's own OpenAPI document (control.d.ts, made by `npm run types`).

import type { components } from "./control.js";

type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];
export type Message = Schemas["Message"];
export type WholeMessage = Schemas["WholeMessage"];
export type Request = Schemas["Request"];
export type Callback = Schemas["Callback"];
export type Inbound = Schemas["Inbound"];
export type NewInbound = Schemas["NewInbound"];
export type Clock = Schemas["Clock"];
export type Moved = Schemas["Moved"];
export type Scenario = Schemas["Scenario"];
export type Explanation = Schemas["Explanation"];
export type Posted = Schemas["Posted"];
export type SinkAnswer = Partial<Schemas["Answer"]>;
export type Health = Schemas["Health"];
export type SandboxOptions = Partial<Schemas["NewSandbox"]>;
export type Provider = "messente" | "salesforce" | "sinch" | "cima360";

export interface StartOptions {
  /** The executable; else MSGSIM_COMMAND, `.venv/bin/msgsim` of the working folder, or `msgsim` on the PATH. */
  command?: string;
  /** "frozen" (the default), "real", "frozen@2026-01-01T00:00:00Z", or a rate such as "60x". */
  clock?: string;
  scenario?: string | string[];
  /** The same seed, requests and clock moves give the same answers, ids included. */
  seed?: number;
  strict?: boolean;
  /** Further flags of `msgsim serve`. */
  args?: string[];
}

/** The simulator could not do what was asked; its name is "TimedOut" where waiting ended without a result. */
export class MsgsimError extends Error {
  readonly status: number;
  readonly problem: Problem;
}

export interface MessageFilter {
  provider?: Provider;
  to?: string;
  from?: string;
  channel?: string;
  /** The provider's word or a neutral one. */
  status?: string;
  text?: string;
  /** As people type it: `status:failed channel:viber "parcel"`; every word has to fit somewhere. */
  search?: string;
  since?: string;
}
export interface RequestFilter {
  provider?: Provider;
  endpoint?: string;
  status?: number;
  refused?: boolean;
  error?: string;
  credential?: string;
  since?: string;
}
export interface CallbackFilter {
  state?: string;
  kind?: string;
  host?: string;
  status?: string;
  message?: string;
  since?: string;
}

export interface List<Row, Whole, Filter> {
  /** The newest page. */
  list(filter?: Filter & { limit?: number; before?: number }): Promise<Row[]>;
  /** The newest row that fits; with `count` all that fit, once there are as many; `new`: only what begins to fit from now on. Rejects with TimedOut. */
  wait(filter: Filter & { count: number; timeout?: string; new?: boolean }): Promise<Row[]>;
  wait(filter?: Filter & { timeout?: string; new?: boolean }): Promise<Row>;
  get(id: string | number): Promise<Whole>;
  explain(id: string | number): Promise<Explanation>;
}

export interface Sink {
  /** Give this to the provider as the callback URL. */
  readonly url: string;
  posts(): Promise<Posted[]>;
  wait(options?: { count?: number; timeout?: string }): Promise<Posted[]>;
  /** What it answers from now on, in turn; the last one holds on. */
  answer(...answers: SinkAnswer[]): Promise<unknown>;
  clear(): Promise<unknown>;
}

/** An isolated world: own clock, seed, scenario, messages and credentials. */
export class Sandbox {
  readonly name: string;
  readonly messages: List<Message, WholeMessage, MessageFilter> & {
    force(id: string, status: string, err?: number): Promise<Message>;
    cancel(id: string): Promise<Message>;
  };
  readonly requests: List<Request, Request, RequestFilter>;
  readonly callbacks: List<Callback, Callback, CallbackFilter> & { replay(number: number): Promise<Callback> };
  readonly clock: {
    now(): Promise<Clock>;
    /** All that falls due happens in order, callbacks and their retries included. */
    advance(by: string): Promise<Moved>;
    set(to: string): Promise<Moved>;
    freeze(): Promise<Clock>;
    resume(): Promise<Clock>;
    speed(rate: number): Promise<Clock>;
    runUntilIdle(): Promise<Moved>;
  };
  /** What the application is to be given as its account of a provider. */
  credentials(provider: Provider): Promise<Record<string, string>>;
  baseUrl(provider: Provider): Promise<string>;
  /** Names of shipped scenarios, files of the server, or the YAML itself. */
  scenario(scenario: string | string[]): Promise<Scenario>;
  /** A phone writes to the application. */
  inbound(inbound: NewInbound): Promise<Inbound>;
  sink(name?: string): Sink;
  reset(): Promise<Clock>;
  delete(): Promise<unknown>;
  /** One call of the control API for this sandbox; `path` is below /__sim/v1/. */
  call(method: string, path: string, more?: { query?: Record<string, unknown>; body?: unknown }): Promise<any>;
}

/** A server that answers. */
export class Simulator {
  constructor(url: string, more?: { token?: string; stop?: () => Promise<void> });
  readonly url: string;
  readonly default: Sandbox;
  health(): Promise<Health>;
  sandbox(options?: SandboxOptions): Promise<Sandbox>;
  /** Ends the server where `start` made it; else does nothing. */
  stop(): Promise<void>;
  call(
    method: string,
    path: string,
    more?: { query?: Record<string, unknown>; body?: unknown; sandbox?: string },
  ): Promise<any>;
}

/** The server of MSGSIM_URL where that is set, else a new one on a free port, in memory, its clock frozen. */
export function start(options?: StartOptions): Promise<Simulator>;
/** The executable `msgsim`. Rejects where there is none, and says what to do. */
export function findCommand(): Promise<string>;
