import type { TestAPI } from "vitest";

import type { Sandbox, Simulator } from "./index.js";

/** Vitest's `test` with a server per file (`simulator`) and a fresh sandbox with a frozen clock per test (`msgsim`). */
export const test: TestAPI<{ simulator: Simulator; msgsim: Sandbox }>;
