// Finds the command `msgsim`, starts a server of our own, and stops it.

import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const STARTING = 20_000; // milliseconds until a start is given up
const LOOKING = 20; // milliseconds between two looks at the port file
const STOPPING = 5_000; // milliseconds until a server that does not stop is killed

const HINT = "install it (pip install messaging-simulator), name it in MSGSIM_COMMAND, or set MSGSIM_URL";

/** @param {string} file */
async function runs(file) {
  return access(file, constants.X_OK).then(() => true, () => false);
}

/**
 * Where `msgsim` is: MSGSIM_COMMAND, the virtual environment of the working folder, then PATH.
 * @returns {Promise<string>}
 */
export async function findCommand() {
  if (process.env.MSGSIM_COMMAND) return process.env.MSGSIM_COMMAND;
  const [folder, name] = process.platform === "win32" ? ["Scripts", "msgsim.exe"] : ["bin", "msgsim"];
  const folders = [join(process.cwd(), ".venv", folder), ...(process.env.PATH ?? "").split(delimiter)];
  for (const found of folders.map((place) => join(place, name))) if (await runs(found)) return found;
  throw new Error(`msgsim was not found: ${HINT}`);
}

/**
 * A server on a free port, in memory, until `stop` is called or this process ends.
 * @param {import("./index.js").StartOptions} options
 * @returns {Promise<{url: string, stop: () => Promise<void>}>}
 */
export async function launch({ command, clock = "frozen", scenario = [], seed, strict = false, args = [] }) {
  const folder = await mkdtemp(join(tmpdir(), "msgsim-"));
  const portFile = join(folder, "port");
  const flags = ["serve", "--port", "0", "--port-file", portFile, "--store", "memory", "--clock", clock];
  for (const name of [scenario].flat()) flags.push("--scenario", name);
  if (seed !== undefined) flags.push("--seed", String(seed));
  if (strict) flags.push("--strict");
  const child = spawn(command ?? (await findCommand()), [...flags, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => (complaint += text));
  /** @type {Promise<Error | null>} */
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error));
    child.once("close", () => resolve(null));
  });
  const stop = async () => {
    process.off("exit", kill);
    child.kill("SIGTERM");
    const timer = setTimeout(kill, STOPPING);
    await ended;
    clearTimeout(timer);
    await rm(folder, { recursive: true, force: true });
  };
  let over = /** @type {{error: Error | null} | null} */ (null);
  ended.then((error) => (over = { error }));
  for (const until = Date.now() + STARTING; Date.now() < until; await sleep(LOOKING)) {
    const port = await readFile(portFile, "utf8").catch(() => "");
    if (port) return { url: `http://127.0.0.1:${port.trim()}`, stop };
    if (over) break;
  }
  await stop();
  throw new Error(`msgsim did not start: ${over?.error?.message ?? (complaint.trim() || "no answer in time")}`);
}
