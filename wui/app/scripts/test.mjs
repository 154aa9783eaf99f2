// Runs src/**/*.test.ts with Node's own runner, bundled by the esbuild that Vite brings.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = fileURLToPath(new URL("../src", import.meta.url));
const out = mkdtempSync(join(tmpdir(), "aloha-wui-test-"));
try {
  await build({
    entryPoints: readdirSync(source, { recursive: true })
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => join(source, name)),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node18",
    outdir: out,
    outExtension: { ".js": ".cjs" },
    sourcemap: "inline",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
  });
  const tests = readdirSync(out, { recursive: true }).filter((name) => name.endsWith(".test.cjs"));
  const { status } = spawnSync(process.execPath, ["--test", ...tests.map((name) => join(out, name))], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
