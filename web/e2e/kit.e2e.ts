// The kit on its own: every part in every state, in both themes, wide and narrow.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";

const themes = ["light", "dark"] as const;
const sizes = { wide: { width: 1280, height: 900 }, narrow: { width: 360, height: 740 } };

async function open(page: Page): Promise<void> {
  await page.goto("/_ui");
  await page.getByRole("heading", { name: "Overlays" }).waitFor();
  // Motion is for people; what is being judged must stand still.
  await page.emulateMedia({ reducedMotion: "reduce" });
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html.slice(0, 160))])).toEqual(
    [],
  );
}

for (const theme of themes) {
  for (const [name, viewport] of Object.entries(sizes)) {
    test(`everything is accessible, ${theme} and ${name}`, async ({ browser }) => {
      test.slow(); // the page holds every part at once
      const context = await browser.newContext({ viewport, colorScheme: theme });
      const page = await context.newPage();
      await open(page);
      await expectAccessible(page);
      await context.close();
    });
  }
}

test("nothing is wider than a phone", async ({ page }) => {
  await page.setViewportSize(sizes.narrow);
  await open(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(sizes.narrow.width);
});

test("a dialog takes the keyboard, keeps it and gives it back", async ({ page }) => {
  await open(page);
  const button = page.getByRole("button", { name: "Open dialog" });
  await button.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Rename server" });
  await expect(dialog.getByLabel("Name")).toBeFocused();
  await expectAccessible(page);
  for (let i = 0; i < 5; i++) await page.keyboard.press("Tab");
  expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(button).toBeFocused();
});

test("danger waits until the thing is named", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Delete pve-02" }).last().click();
  const dialog = page.getByRole("dialog");
  const remove = dialog.getByRole("button", { name: "Delete pve-02" });
  await expect(remove).toBeDisabled();
  await dialog.getByRole("textbox").fill("pve-02");
  await expect(remove).toBeEnabled();
});

test("a menu is walked with arrows", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Open menu" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Scan now" })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitemcheckbox", { name: "Temperature" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Open menu" })).toBeFocused();
});

test("a popover takes the keyboard, is walked with arrows and gives it back", async ({ page }) => {
  await open(page);
  const button = page.getByRole("button", { name: "Open popover" });
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Filter tenants" })).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("link", { name: "Home" })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("link", { name: "All tenants" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(button).toBeFocused();
});

test("a table sorts, selects and keeps its roles on a phone", async ({ page }) => {
  await page.setViewportSize(sizes.narrow);
  await open(page);
  const table = page.getByRole("table", { name: "Servers" });
  await expect(table.getByRole("row")).toHaveCount(4);
  await expect(table.getByRole("row").first().getByRole("cell").first()).toBeAttached();
  await page.setViewportSize(sizes.wide);
  await table.getByRole("button", { name: "Name" }).click();
  await expect(table.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "ascending");
  await table.getByRole("checkbox", { name: "Select all" }).check();
  await expect(table.locator("tr[aria-selected=true]")).toHaveCount(4);
});

test("30,000 rows draw only what is in sight", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "Show 30,000 rows" }).click();
  const rows = page.getByRole("table", { name: "Pods" }).getByRole("row");
  await expect(rows.nth(5)).toBeVisible();
  expect(await rows.count()).toBeLessThan(120);
  await page.evaluate(() => window.scrollTo(0, 500_000));
  await expect(page.getByText(/^pod-1[45]/).first()).toBeAttached();
  expect(await rows.count()).toBeLessThan(120);
});

test("30,000 rows known by number scroll smoothly", async ({ page }) => {
  await open(page);
  await page.getByRole("button", { name: "30,000 pods" }).click();
  const grid = page.getByRole("grid", { name: "Pods by number" });
  await grid.scrollIntoViewIfNeeded();
  await expect(grid.getByText("checkout-7d9f8b6c5-00000")).toBeVisible();
  expect(await grid.getByRole("row").count()).toBeLessThan(80);
  // In time of the processor, not of the clock: a busy machine has pauses of its own.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return 1000 * (metrics.find((each) => each.name === "TaskDuration")?.value ?? 0);
  };
  const frames: number[] = [];
  for (let i = 0; i < 60; i++) {
    const before = await spent();
    await page.evaluate(
      async (by) => {
        scrollBy(0, by);
        await new Promise(requestAnimationFrame);
      },
      i < 30 ? 200 : 4000,
    );
    frames.push((await spent()) - before);
  }
  frames.sort((a, b) => a - b);
  expect(frames[0]).toBeGreaterThan(0);
  expect(frames[56]).toBeLessThan(50); // of 60: a processor that is shared forgets, too
  await expect(grid.getByText(/^checkout-7d9f8b6c5-0/).first()).toBeVisible(); // fetched, not bones
});

test("rows known by number are walked, selected and opened with keys", async ({ page }) => {
  await open(page);
  const grid = page.getByRole("grid", { name: "Pods by number" });
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(grid.locator('[aria-selected="true"]')).toHaveCount(4);
  await page.keyboard.press("Enter");
  await expect(grid.locator('[aria-rowindex="4"]')).toHaveAttribute("aria-current", "true");
  await page.keyboard.press("End");
  const active = await grid.getAttribute("aria-activedescendant");
  await expect(page.locator(`[id="${active}"]`)).toHaveAttribute("aria-rowindex", "13");
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Node" }).click();
  await page.keyboard.press("Escape");
  await page.reload();
  await expect(grid.getByRole("columnheader", { name: "Node" })).toHaveCount(0);
});

test("a terminal takes Tab, and Escape and Tab leave it", async ({ page }) => {
  await open(page);
  const input = page.getByRole("textbox", { name: "Terminal of checkout" });
  await input.focus();
  await page.keyboard.type("ls");
  await page.keyboard.press("Tab");
  await expect(page.locator(".xterm-rows").first()).toContainText("ls<tab>");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(input).not.toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Control+Shift+F");
  await page
    .getByRole("region", { name: "Terminal of checkout" })
    .getByRole("textbox", { name: "Find" })
    .fill("ink");
  await expect(page.getByText("1 of 16")).toBeVisible();
});

test("an editor completes and checks by the schema, and is left with Escape and Tab", async ({ page }) => {
  await open(page);
  const editor = page.getByRole("textbox", { name: "Manifest" });
  await expect(page.locator(".editor").first().locator(".cm-lint-marker")).toHaveCount(3);
  await editor.getByText("two", { exact: true }).click();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.keyboard.type("pau");
  await page.getByRole("option", { name: /^paused/ }).waitFor();
  await page.waitForTimeout(100); // a list that just came takes no Enter
  await page.keyboard.press("Enter");
  await expect(page.getByRole("option", { name: "true" })).toBeVisible();
  await expect(editor).toContainText("paused: ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(editor).not.toBeFocused();
});

test("a log at 10,000 lines a second follows, lets go and keeps what is read in its place", async ({
  page,
}) => {
  await open(page);
  await page.getByRole("button", { name: "10,000 lines a second" }).click();
  const log = page.getByRole("log", { name: "Log of checkout" });
  const part = page.getByRole("region", { name: "Log of checkout" });
  await expect(part.getByText(/50,000\slines/)).toBeVisible({ timeout: 40_000 });
  await log.hover();
  await page.mouse.wheel(0, -2000);
  await expect(part.getByRole("button", { name: "Follow" })).toBeVisible();
  const top = () =>
    log.evaluate((box) => {
      const edge = box.getBoundingClientRect().top + 1;
      const lines = [...box.querySelectorAll<HTMLElement>("[data-number]")];
      return lines.find((line) => line.getBoundingClientRect().bottom > edge)?.dataset["number"];
    });
  const before = await top();
  await page.waitForTimeout(1500); // 15,000 lines come and go
  expect(await top()).toBe(before);
  await part.getByRole("button", { name: "Follow" }).click();
  await expect(part.getByText("Following")).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  await part.getByRole("textbox", { name: "Find" }).fill("REFUSED");
  await expect(part.getByText(/^7,?1\d\d$/)).toBeVisible();
});

test("a graph is walked with Tab and has a list that says the same", async ({ page }) => {
  await open(page);
  const graph = page.getByRole("group", { name: "What belongs to checkout" });
  await graph.getByRole("button", { name: /shop.example.org/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("radiogroup", { name: "View" }).last().getByText("List").click();
  const list = page.getByRole("list", { name: "What belongs to checkout" });
  await expect(list.getByText("routes to checkout")).toBeVisible();
});

test("no part breaks the policy of the program", async ({ page }) => {
  const broken: string[] = [];
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) broken.push(message.text());
  });
  await open(page);
  const input = page.getByRole("textbox", { name: "Terminal of checkout" });
  await input.focus();
  await page.keyboard.press("Control+Shift+F");
  await page.keyboard.type("ink"); // marks every find with a style of its own
  await expect(page.getByText("1 of 16")).toBeVisible();
  await page.getByRole("textbox", { name: "Manifest" }).focus();
  await page.keyboard.press("Control+f");
  expect(broken).toEqual([]);
});

test("a chosen theme is there before the first paint, and stays", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await open(page);
  await page.getByRole("radio", { name: "Dark" }).check();
  await page.reload({ waitUntil: "commit" });
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  const ink = () => page.evaluate(() => getComputedStyle(document.body).color);
  const dark = await ink();
  await page.getByRole("radio", { name: "System" }).check();
  expect(await ink()).not.toBe(dark);
});

test("charts share one cursor and zoom by drag", async ({ page }) => {
  await open(page);
  const plot = page.locator(".u-over").first();
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (!box) throw new Error("the chart is not on the page");
  await page.mouse.move(box.x + box.width * 0.8, box.y + 40);
  await expect(page.locator(".chart .tip")).toHaveCount(4);
  const before = await page.locator(".chart .event").count();
  await page.mouse.move(box.x + box.width * 0.85, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.95, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await expect(page.locator(".chart .event")).not.toHaveCount(before); // the marks are out of sight now
  await page.getByRole("button", { name: "Show all" }).click();
  await expect(page.locator(".chart .event")).toHaveCount(before);
});
