// Somebody needs help: the settings hand them a file for who helps, after a proof.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { expect, person, test } from "./appliance";
import { expectAccessible } from "./person";

test("a support bundle is downloaded once it is proved who asks", async ({ page }) => {
  let stale = true; // as if the sign-in had been an hour ago
  await page.route("**/api/v1/system/support", (route) =>
    stale
      ? route.fulfill({
          status: 403,
          contentType: "application/problem+json",
          body: JSON.stringify({
            status: 403,
            code: "auth.step_up_required",
            detail: "Confirm that it is you.",
          }),
        })
      : route.continue(),
  );
  await page.route("**/api/v1/auth/step-up", (route) => {
    stale = false;
    return route.continue();
  });
  await page.goto("/settings");
  await page.getByRole("button", { name: "Download support bundle" }).click();
  const dialog = page.getByRole("dialog", { name: "Confirm that it is you" });
  await dialog.getByLabel("Password", { exact: true }).fill(person.password);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Confirm" }).click(),
  ]);
  expect(file.suggestedFilename()).toMatch(/^unity-support-[\d-]+\.tar\.gz$/);
  const text = gunzipSync(readFileSync(await file.path())).toString();
  expect(text).toContain("unity-support/README.txt");
  await expect(page.getByText(`${file.suggestedFilename()} is downloaded`, { exact: true })).toBeVisible();
  await expectAccessible(page);
});
