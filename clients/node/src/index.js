// The control API of messaging-simulator from Node. `Simulator` is a server, `Sandbox` an isolated world in it.

import { launch } from "./server.js";

export { findCommand } from "./server.js";

/** The simulator could not do what was asked; `problem` is its RFC 9457 answer. */
export class MsgsimError extends Error {
  /** @param {number} status @param {import("./index.js").Problem} problem */
  constructor(status, problem) {
    super(told(problem));
    this.name = status === 408 ? "TimedOut" : "MsgsimError";
    this.status = status;
    this.problem = problem;
  }
}

/** The problem of an answer; what stands there may be no simulator. @param {any} json @param {string} otherwise */
function problemOf(json, otherwise) {
  return typeof json?.title === "string" ? json : { title: otherwise };
}

/** All mistakes, and what came nearest where waiting ended without a result. @param {any} problem */
function told({ title, detail, mistakes = [], near = [] }) {
  const lines = mistakes.length ? mistakes : [detail ?? title];
  return [...lines, ...near.map((/** @type {{text: string}} */ { text }) => `  near: ${text}`)].join("\n");
}

/** @param {Record<string, unknown>} query */
function encoded(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/**
 * A server: one that was started here, or one that runs already.
 */
export class Simulator {
  #token;
  #stop;

  /** @param {string} url @param {{token?: string, stop?: () => Promise<void>}} [more] */
  constructor(url, { token = process.env.MSGSIM_TOKEN, stop = async () => {} } = {}) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
    this.#stop = stop;
  }

  /**
   * One call of the control API. Rejects with MsgsimError, or with an Error where no simulator answers.
   * @param {string} method @param {string} path below /__sim/v1/
   * @param {{query?: Record<string, unknown>, body?: unknown, sandbox?: string}} [more] a text is sent as YAML
   * @returns {Promise<any>}
   */
  async call(method, path, { query = {}, body, sandbox } = {}) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers["Content-Type"] = typeof body === "string" ? "application/yaml" : "application/json";
    const answer = await fetch(`${this.url}/__sim/v1/${path}${encoded({ ...query, sandbox })}`, {
      method,
      headers,
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    }).catch((/** @type {Error} */ error) => {
      const reason = /** @type {Error | undefined} */ (error.cause)?.message ?? error.message;
      throw new Error(`no simulator answers at ${this.url} (${reason}); start one with: msgsim serve`, { cause: error });
    });
    const text = await answer.text();
    const json = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
    if (!answer.ok) throw new MsgsimError(answer.status, problemOf(json, `${method} ${path} was answered ${answer.status}`));
    return json;
  }

  health() {
    return this.call("GET", "health");
  }

  /** @param {import("./index.js").SandboxOptions} [options] */
  async sandbox(options = {}) {
    const made = await this.call("POST", "sandboxes", { body: options });
    return new Sandbox(this, made.name, made);
  }

  /** The sandbox of whoever names none. */
  get default() {
    return new Sandbox(this, "default");
  }

  /** Ends the server, where it was started here. */
  stop() {
    return this.#stop();
  }
}

/** An isolated world: own clock, seed, scenario, messages and credentials. */
export class Sandbox {
  #simulator;
  /** @type {any} */
  #made;

  /** @param {Simulator} simulator @param {string} name @param {any} [made] */
  constructor(simulator, name, made) {
    this.#simulator = simulator;
    this.#made = made;
    this.name = name;
    const call = this.call.bind(this);
    this.messages = {
      ...list(call, "messages"),
      /** Give one a status now, the provider's word or a neutral one. @param {string} id @param {string} status @param {number} [err] */
      force: (id, status, err) => call("POST", `messages/${encodeURIComponent(id)}/status`, { body: { status, err } }),
      /** @param {string} id */
      cancel: (id) => call("POST", `messages/${encodeURIComponent(id)}/cancel`),
    };
    this.requests = list(call, "requests");
    this.callbacks = {
      ...list(call, "callbacks"),
      /** @param {number} number */
      replay: (number) => call("POST", `callbacks/${number}/replay`),
    };
    this.clock = {
      now: () => call("GET", "clock"),
      /** @param {string} by such as "250ms", "5s", "10m" */
      advance: (by) => call("POST", "clock/advance", { body: { by: String(by) } }),
      /** @param {string} to an ISO 8601 time */
      set: (to) => call("POST", "clock/set", { body: { to } }),
      freeze: () => call("POST", "clock/freeze"),
      resume: () => call("POST", "clock/resume"),
      /** @param {number} rate */
      speed: (rate) => call("POST", "clock/speed", { body: { rate } }),
      runUntilIdle: () => call("POST", "clock/run-until-idle"),
    };
  }

  /** @param {string} method @param {string} path @param {{query?: Record<string, unknown>, body?: unknown}} [more] */
  call(method, path, more = {}) {
    return this.#simulator.call(method, path, { ...more, sandbox: this.name });
  }

  async #whole() {
    this.#made ??= await this.#simulator.call("GET", `sandboxes/${encodeURIComponent(this.name)}`);
    return this.#made;
  }

  /** What the application has to be given for a provider. @param {string} provider */
  async credentials(provider) {
    return of((await this.#whole()).credentials, provider);
  }

  /** @param {string} provider */
  async baseUrl(provider) {
    return of((await this.#whole()).base_urls, provider);
  }

  /** Shipped names or files of the server, or the YAML itself. @param {string | string[]} scenario */
  scenario(scenario) {
    const yaml = typeof scenario === "string" && scenario.includes("\n");
    return this.call("PUT", "scenario", { body: yaml ? scenario : { names: [scenario].flat() } });
  }

  /** A phone writes to the application. @param {import("./index.js").NewInbound} inbound */
  inbound(inbound) {
    return this.call("POST", "inbound", { body: inbound });
  }

  /** A receiver of callbacks inside the simulator: give `url` to the provider. @param {string} [name] */
  sink(name = "sink") {
    const path = `sinks/${encodeURIComponent(name)}`;
    const query = encoded({ sandbox: this.name });
    return {
      url: `${this.#simulator.url}/__sim/sink/${encodeURIComponent(name)}${query}`,
      posts: async () => (await this.call("GET", path)).posts,
      /** @param {{count?: number, timeout?: string}} [more] */
      wait: async ({ count = 1, timeout = "5s" } = {}) =>
        (await this.call("GET", path, { query: { count, wait: timeout } })).posts,
      /** @param {...import("./index.js").SinkAnswer} answers the last one holds on */
      answer: (...answers) => this.call("PUT", path, { body: { answers } }),
      clear: () => this.call("DELETE", path),
    };
  }

  reset() {
    return this.call("POST", "reset");
  }

  delete() {
    return this.#simulator.call("DELETE", `sandboxes/${encodeURIComponent(this.name)}`);
  }
}

/** One provider's part. @param {Record<string, any>} parts @param {string} provider */
function of(parts, provider) {
  if (Object.hasOwn(parts, provider)) return parts[provider];
  throw new Error(`there is no provider '${provider}' (there are ${Object.keys(parts).join(", ")})`);
}

/**
 * What lists have in common: filters in, rows out, and waiting for a row that fits.
 * @param {Sandbox["call"]} call @param {string} path also the member of the answer that holds the rows
 */
function list(call, path) {
  return {
    /** @param {Record<string, unknown>} [query] */
    list: async (query = {}) => (await call("GET", path, { query }))[path],
    /** @param {Record<string, unknown> & {count?: number, timeout?: string}} [query] */
    wait: async ({ timeout = "5s", ...query } = {}) => {
      const rows = (await call("GET", path, { query: { ...query, wait: timeout } }))[path];
      return query.count === undefined ? rows[0] : rows;
    },
    /** @param {string | number} id */
    get: (id) => call("GET", `${path}/${encodeURIComponent(id)}`),
    /** @param {string | number} id */
    explain: (id) => call("GET", `${path}/${encodeURIComponent(id)}/explain`),
  };
}

/**
 * A simulator: the one of MSGSIM_URL where that is set, else a new one on a free port, its clock frozen.
 * @param {import("./index.js").StartOptions} [options]
 */
export async function start(options = {}) {
  if (process.env.MSGSIM_URL) return new Simulator(process.env.MSGSIM_URL);
  const { url, stop } = await launch(options);
  return new Simulator(url, { stop });
}
