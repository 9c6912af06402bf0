import { existsSync } from "node:fs";

import { defineConfig } from "@playwright/test";

// Chromium comes from the system: `apt-get install chromium`, or name another one here.
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: apt-get install chromium`);
const kit = "http://127.0.0.1:4790";

export default defineConfig({
  testDir: "e2e",
  testMatch: "**/*.e2e.ts",
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  retries: process.env["CI"] ? 1 : 0, // a busy machine; what needed it is listed as flaky
  reporter: [["list"]],
  use: {
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "kit", testMatch: "kit.e2e.ts", use: { baseURL: kit } },
    { name: "product", testIgnore: "kit.e2e.ts" },
  ],
  webServer: {
    command:
      "vite build --mode kit --outDir node_modules/.kit --emptyOutDir --logLevel warn && vite preview --outDir node_modules/.kit --port 4790 --host 127.0.0.1 --strictPort",
    url: kit,
    timeout: 120_000,
    reuseExistingServer: false,
  },
});
