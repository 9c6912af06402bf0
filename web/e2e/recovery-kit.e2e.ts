// The recovery kit: reminded of, made once, kept as a file and on paper.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { binary, expect, test } from "./appliance";

test.describe.configure({ mode: "serial" });

const passphrase = "harbour lantern 43";
const hint = "Make a recovery kit";

async function fill(page: Page, first: string, second = first): Promise<void> {
  await page.getByLabel("Passphrase of the kit").fill(first);
  await page.getByLabel("The same again").fill(second);
  await page.getByRole("button", { name: "Make the kit" }).click();
}

test("the overview reminds of it, until a browser does not want that", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("link", { name: hint })).toBeVisible();
  await page.getByRole("button", { name: "Do not remind me in this browser" }).click();
  await expect(page.getByRole("link", { name: hint })).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Open alerts" })).toBeVisible();
  await expect(page.getByRole("link", { name: hint })).toHaveCount(0);
});

test("a kit is made, downloaded and printed, and opens a copy of the database", async ({
  page,
  appliance,
}, info) => {
  await page.goto("/");
  await page.getByRole("link", { name: hint }).click();
  await expect(page.getByText("No replica is set.")).toBeVisible();
  await fill(page, passphrase, "harbour lantern 44");
  await expect(page.getByText("Not the same as above")).toBeVisible();
  await fill(page, passphrase);
  const sheet = page.getByRole("article", { name: "Unity recovery kit" });
  await expect(sheet.getByText("BEGIN AGE ENCRYPTED FILE")).toBeVisible();
  await expect(sheet.getByRole("img", { name: "QR code" })).toBeVisible();
  expect(
    await sheet.getByRole("img").evaluate((picture) => (picture as HTMLImageElement).naturalWidth),
  ).toBeGreaterThan(300);
  const axe = new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]);
  expect((await axe.analyze()).violations).toEqual([]);

  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download" }).click(),
  ]);
  const file = info.outputPath(download.suggestedFilename());
  await download.saveAs(file);
  const block = (await sheet.locator("pre").textContent())?.trim() ?? "";
  expect(readFileSync(file, "utf8")).toContain(block);

  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("navigation").first()).toBeHidden();
  await expect(page.locator(".kit-print").getByText("Kept by")).toBeVisible();
  const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
  expect(pdf.match(/\/Type\s*\/Page\b(?!s)/g)).toHaveLength(1);

  const copy = info.outputPath("copy.db");
  appliance.command("backup", copy);
  execFileSync(binary, ["restore", copy, "--kit", file, "--data-dir", info.outputPath("restored")], {
    input: passphrase,
  });
  const key = (dir: string) => readFileSync(join(dir, "master.key"), "utf8");
  expect(key(info.outputPath("restored"))).toBe(key(appliance.dir));
});

test("once there is a kit, nobody is reminded", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Open alerts" })).toBeVisible();
  await expect(page.getByRole("link", { name: hint })).toHaveCount(0);
  await page.goto("/settings/backup/kit");
  await expect(page.getByText("The last one was made")).toBeVisible();
});
