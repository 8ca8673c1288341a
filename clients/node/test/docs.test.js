// The blocks of docs/how-to/node.md run as they stand, in a project that has the package as `make dist-node` makes it.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "shop-"));
const run = promisify(execFile);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("the how-to does what it says", { timeout: 60_000 }, async () => {
  const text = await readFile(`${root}../../docs/how-to/node.md`, "utf8");
  const blocks = [...text.matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```$/gms)];
  expect(blocks.map(([, name]) => name)).toEqual(["order.test.js", "plain.test.js"]);
  for (const [, name, body] of blocks) await writeFile(join(folder, name), body);
  await writeFile(join(folder, "package.json"), '{"private": true, "type": "module"}');
  const packed = await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const file = packed.stdout.trim().split("\n").at(-1) ?? "";
  await run("npm", ["install", "--no-audit", "--no-fund", "--legacy-peer-deps", `./${file}`], { cwd: folder });
  expect(await readFile(join(folder, "node_modules/messaging-simulator/src/control.d.ts"), "utf8")).toContain("components");
  await symlink(join(root, "node_modules/vitest"), join(folder, "node_modules/vitest"));
  const { stdout } = await run(process.execPath, ["node_modules/vitest/vitest.mjs", "run"], { cwd: folder });
  expect(stdout).toMatch(/3 passed/);
});
