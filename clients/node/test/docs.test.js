// The blocks of docs/how-to/node.md run as they stand.

import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}.docs/`;

afterAll(() => rm(folder, { recursive: true, force: true }));

test("the how-to does what it says", { timeout: 60_000 }, async () => {
  const text = await readFile(`${root}../../docs/how-to/node.md`, "utf8");
  const blocks = [...text.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```$/gms)];
  expect(blocks.map(([, name]) => name)).toEqual(["order.test.js", "plain.test.js"]);
  await mkdir(folder, { recursive: true });
  for (const [, name, body] of blocks) await writeFile(folder + name, body);
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, "run", "--dir", ".docs"], { cwd: root });
  expect(stdout).toMatch(/3 passed/);
});
