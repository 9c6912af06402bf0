// Another version of the program: refused with another signature, tried and kept.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { paths } from "../src/paths";
import { Appliance, binary, expect, test as base } from "./appliance";
import { Publisher } from "./minisign";
import { expectAccessible } from "./person";

const dir = mkdtempSync(join(tmpdir(), "unity-e2e-upgrade-"));
const publisher = new Publisher();
const number = "99.0.0";

/** An appliance that trusts the publisher. */
const test = base.extend<object>({
  appliance: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const pinned = join(dir, "release.pub");
      writeFileSync(pinned, `${publisher.line}\n`, { mode: 0o644 });
      const appliance = await Appliance.start("--release-key", pinned, "--upgrade-watch", "2s");
      await appliance.setUp();
      await use(appliance);
      await appliance.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});
test.describe.configure({ mode: "serial" });
test.afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("a new version is verified, tried and kept, and the page tells of it", async ({ page }) => {
  test.setTimeout(300_000); // a program is built
  const program = join(dir, `unity-${number}`);
  execFileSync(
    "go",
    ["build", "-ldflags", `-s -w -X unity.internal/app.number=${number}`, "-o", program, "."],
    {
      cwd: join(import.meta.dirname, "../.."),
      stdio: "pipe",
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-trimpath" },
    },
  );
  const signature = publisher.sign(program);
  const other = join(dir, "other");
  copyFileSync(binary, other);

  await page.goto(paths.upgrade());
  await page.getByLabel("Program or archive").setInputFiles(program);
  await page.getByLabel("Signature").setInputFiles(publisher.sign(other));
  await page.getByRole("button", { name: "Verify and try it" }).click();
  await expect(page.getByText("The signature does not fit the program")).toBeVisible();
  await expectAccessible(page);

  await page.getByLabel("Signature").setInputFiles(signature);
  await page.getByRole("button", { name: "Verify and try it" }).click();
  await expect(page.getByRole("heading", { name: `Version ${number} runs` })).toBeVisible({
    timeout: 60_000,
  });
  await expect(page.getByText(new RegExp(`to ${number}: it stayed`))).toBeVisible();
  await expect(page.getByText("serves now")).toBeVisible(); // what happened, in sentences
  await expectAccessible(page);
});

base("without a key nothing can be verified, and the page says which file to write", async ({ page }) => {
  await page.goto(paths.upgrade());
  await expect(page.getByText("No key is trusted here.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Verify and try it" })).toBeDisabled();
  await page.getByText("An address", { exact: true }).click();
  await expect(page.getByRole("textbox", { name: "Address" })).toBeVisible();
  await expectAccessible(page);
});
