// A second proof: an authenticator app, and recovery codes for who lost it. On an appliance of
// its own, since it takes only so many sign-ins a minute.
import { expect, test } from "@playwright/test";

import { paths } from "../src/paths";
import { Appliance, watch } from "./appliance";
import { enterPassword, expectAccessible } from "./person";
import { totp } from "./totp";

test.describe.configure({ mode: "serial" });

const period = 30_000;

let appliance: Appliance;
let faults: string[];

test.beforeAll(async () => {
  appliance = await Appliance.start();
  await appliance.setUp();
});
test.afterAll(() => appliance.stop());

test.beforeEach(async ({ context }) => {
  faults = await watch(context);
});
test.afterEach(() => expect(faults).toEqual([]));

const uma = { username: "uma", password: "staple battery 7" };
let secret = "";
let codes: string[] = [];
let used = ""; // the code used last

/** A code that was not used yet, of this period or of the next one. */
const fresh = () => [totp(secret), totp(secret, Date.now() + period)].find((code) => code !== used) ?? "";

test("an authenticator app is set up, and recovery codes are shown once", async ({ page }) => {
  const api = await appliance.api();
  await expect(await api.post("/api/v1/users", { data: { ...uma, role: "member" } })).toBeOK();
  await api.dispose();
  await page.goto(appliance.url + paths.signIn(paths.account()));
  await enterPassword(page, uma);
  await page.getByRole("button", { name: "Set up" }).click();
  const dialog = page.getByRole("dialog", { name: "Set up an authenticator app" });
  await expect(dialog.getByRole("img", { name: /QR/ })).toBeVisible();
  secret = ((await dialog.locator("code").first().textContent()) ?? "").replaceAll(" ", "");
  expect(secret).toMatch(/^[A-Z2-7]{32}$/);

  await expectAccessible(page);
  await dialog.getByLabel("Code").fill("000000");
  await dialog.getByRole("button", { name: "Confirm code" }).click();
  await expect(dialog.getByText("That code is wrong")).toBeVisible();
  used = totp(secret);
  await dialog.getByLabel("Code").fill(used);
  await dialog.getByRole("button", { name: "Confirm code" }).click();

  const shown = page.getByRole("dialog", { name: "Keep your recovery codes" });
  await expect(shown.getByRole("listitem")).toHaveCount(10);
  codes = await shown.getByRole("listitem").allTextContents();
  await expectAccessible(page);
  const download = page.waitForEvent("download");
  await shown.getByRole("link", { name: "Download as text" }).click();
  expect((await download).suggestedFilename()).toBe("unity-recovery-codes.txt");
  await page.keyboard.press("Escape");
  await expect(shown, "not before they are kept").toBeVisible();
  await shown.getByLabel("I have kept them").check();
  await shown.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText("10 left")).toBeVisible();
});

test("a code signs in once, and not again", async ({ page, context }) => {
  await page.goto(appliance.url + paths.signIn(paths.account()));
  await enterPassword(page, uma);
  const field = page.getByLabel("Code");
  await expect(field).toBeFocused();
  await expectAccessible(page);
  await field.fill(used); // it confirmed the app
  await expect(page.getByText("was used before")).toBeVisible();
  used = fresh();
  await field.fill(used); // six digits are sent by themselves
  await expect(page.getByText("Authenticator app")).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`${paths.account()}$`));

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  expect((await context.cookies()).filter((cookie) => cookie.value)).toEqual([]);
  await enterPassword(page, uma);
  await page.getByLabel("Code").fill(used);
  await expect(page.getByText("was used before")).toBeVisible();
  await page.getByRole("button", { name: "Back" }).click();
  await expect(page.getByLabel("User name")).toBeVisible();
});

test("a recovery code signs in once, and the app is removed", async ({ page }) => {
  const enter = async () => {
    await page.goto(appliance.url + paths.signIn(paths.account()));
    await enterPassword(page, uma);
    await page.getByRole("button", { name: "Use a recovery code" }).click();
    await page.getByLabel("Recovery code").fill(codes[0] ?? "");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };
  await enter();
  await expect(page.getByText("9 left")).toBeVisible();
  await page.context().clearCookies();
  await enter();
  await expect(page.getByText("was used before")).toBeVisible();
  await page.getByLabel("Recovery code").fill(codes[1] ?? "");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByText("8 left")).toBeVisible();

  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove app" }).click();
  await expect(page.getByText("Authenticator app removed", { exact: true })).toBeVisible();
  await page.context().clearCookies();
  await page.goto(appliance.url + paths.signIn(paths.sessions()));
  await enterPassword(page, uma);
  await expect(page).toHaveURL(new RegExp(`${paths.sessions()}$`));
});

test("a sign-in that took too long begins again, and says why", async ({ page }) => {
  await page.route("**/api/v1/auth/login", (route) =>
    route.fulfill({ json: { challenge: "gone", methods: ["totp", "recovery"] } }),
  );
  await page.goto(appliance.url + paths.signIn());
  await enterPassword(page, uma);
  await page.getByLabel("Code").fill("123456");
  await expect(page.getByText("That took too long")).toBeVisible();
  await expect(page.getByLabel("User name")).toBeVisible();
});
