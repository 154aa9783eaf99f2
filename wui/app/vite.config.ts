import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

// Compressed, everything together: what a browser fetches at most.
const BUDGET = 300 * 1024;

// Puts a .gz beside each file, which aloha-wui serves as it is; more than the budget fails the build. The page itself is
// small, and scanners take a compressed one for the weakness BREACH.
function precompress(): Plugin {
  let folder = "";
  return {
    name: "precompress",
    apply: "build",
    configResolved: (config) => {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle: () => {
      let total = 0;
      for (const name of readdirSync(folder, { recursive: true }) as string[]) {
        const path = join(folder, name);
        if (!statSync(path).isFile()) continue;
        const packed = gzipSync(readFileSync(path), { level: 9 });
        if (!name.endsWith(".html")) writeFileSync(`${path}.gz`, packed);
        total += packed.length;
      }
      console.log(`compressed: ${(total / 1024).toFixed(1)} KiB of ${BUDGET / 1024} KiB`);
      if (total > BUDGET) throw new Error("the application is larger than its budget");
    },
  };
}

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  plugins: [precompress()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
