// What somebody does in a browser, and what every page owes them.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

import { person } from "./appliance";

const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

/** Fills in the first step of a sign-in. */
export async function enterPassword(page: Page, { username, password } = person): Promise<void> {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** Waits until the page is drawn in the colours it was told to have. */
export const drawn = (page: Page): Promise<unknown> =>
  page.evaluate(async () => {
    await new Promise(requestAnimationFrame); // in which transitions begin
    await Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)));
  });

/** Nothing that axe finds, in both themes. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await drawn(page);
    const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  }
}
