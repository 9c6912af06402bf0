import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Writes a .gz and a .br beside every file worth it, so that the server never compresses.
// index.html is left out: it is written anew for every answer (the nonce of its policy).
function precompress(): Plugin {
  let out = "dist";
  return {
    name: "precompress",
    apply: "build",
    configResolved(config) {
      out = config.build.outDir;
    },
    generateBundle() {
      // The folder is embedded by Go and must exist in a fresh checkout; a build empties it.
      this.emitFile({ type: "asset", fileName: ".keep", source: "" });
    },
    closeBundle() {
      for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
        const path = join(out, name);
        if (!/\.(js|css|svg|json)$/.test(name) || statSync(path).size < 1024) continue;
        const plain = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
        writeFileSync(
          `${path}.br`,
          brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
        );
      }
    },
  };
}

// The kit is tested under the policy that the program sets, with a nonce that does not change.
function kitPolicy(): Plugin {
  return {
    name: "kit-policy",
    apply: (_config, { mode, isPreview }) => mode === "kit" || isPreview === true,
    config: () => ({
      preview: {
        headers: {
          "Content-Security-Policy": "script-src 'self'; style-src 'self' 'nonce-kit'; object-src 'none'",
        },
      },
    }),
    transformIndexHtml: (html) => html.replace("{{nonce}}", "kit"),
  };
}

export default defineConfig({
  plugins: [react(), tailwindcss(), precompress(), kitPolicy()],
  build: {
    manifest: true,
    target: ["chrome123", "firefox128", "safari17.5"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // The drawing of charts is a leaf of its own, fetched with the first page that has one.
            { name: "plot", test: /node_modules\/uplot/ },
            { name: "xterm", test: /node_modules\/@xterm\/(xterm|addon-fit)\// },
            {
              name: "codemirror",
              test: /node_modules\/(@codemirror|@lezer|style-mod|w3c-keyname|crelt|@marijn)\//,
            },
            // The entry waits for the language, so a language must need nothing of the entry.
            { name: "plural", test: /src\/locales\/plural\.ts/ },
            // What every page stands on, in one piece: waiting splits the entry into many.
            {
              name: "base",
              test: /node_modules\/(react|react-dom|scheduler|clsx|openapi-[\w-]+|@tanstack\/[\w-]*(query|router|history|store)[\w-]*)\//,
            },
          ],
        },
      },
    },
  },
  server: {
    proxy: { "/api": process.env["UNITY_URL"] ?? "http://127.0.0.1:8080" },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
  },
});
