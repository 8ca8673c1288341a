// A Vitest fixture: one server per test file, a fresh sandbox per test.

import { test as base } from "vitest";

import { start } from "./index.js";

/** @typedef {import("./index.js").Simulator} Simulator */
/** @typedef {import("./index.js").Sandbox} Sandbox */

export const test = /** @type {typeof base.extend<{simulator: Simulator, msgsim: Sandbox}>} */ (base.extend)({
  simulator: [
    async ({}, use) => {
      const simulator = await start();
      await use(simulator);
      await simulator.stop();
    },
    { scope: "file" },
  ],
  msgsim: async ({ simulator, task }, use) => {
    const sandbox = await simulator.sandbox({ name: `vitest-${task.id}`, clock: "frozen" });
    await use(sandbox);
    await sandbox.delete();
  },
});
