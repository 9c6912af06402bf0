// A device of the local network learns to trust the appliance: Chromium and curl, with
// and without its authority, by the addresses and names that the authority may vouch for.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { hostname, networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";
import { type Browser, chromium, expect, test } from "@playwright/test";

import { Appliance, watch } from "./appliance";

test.describe.configure({ mode: "serial" });

const privates = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/;

/** An address of this machine that only its own network can have. */
function lanAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const found = all.find((each) => !each.internal && privates.test(each.address));
  if (!found) throw new Error("this machine has no private address: ip addr add 10.99.0.1/32 dev lo");
  return found.family === "IPv6" ? `[${found.address}]` : found.address;
}

/** What curl says against a certificate goes into the error. */
const quiet = { stdio: "pipe" } as const;

/** A name that an administrator gave, and that the authority may not vouch for. */
const outside = "cloud.example.net";

let appliance: Appliance;
let https: number;
let lan: string;
let home: string;
let pem: string;
let trusting: Browser;

// oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
test.beforeAll(async ({}, info) => {
  ({ appliance, https } = await Appliance.lan());
  await appliance.setUp();
  const api = await appliance.api();
  const change = { data: { public_names: [outside] } };
  await expect(await api.patch("/api/v1/system/settings", change)).toBeOK();
  await api.dispose();
  lan = lanAddress();
  home = mkdtempSync(join(tmpdir(), "unity-home-"));
  pem = join(home, "unity-ca.pem");
  execFileSync("curl", ["-sSfgo", pem, `http://${lan}:${appliance.port}/trust/ca.pem`]);
  // As the page says for Chromium on Linux.
  mkdirSync(join(home, ".pki/nssdb"), { recursive: true });
  const nss = ["-d", `sql:${home}/.pki/nssdb`];
  execFileSync("certutil", [...nss, "-N", "--empty-password"]);
  execFileSync("certutil", [...nss, "-A", "-t", "C,,", "-n", "Unity", "-i", pem]);
  const options = info.project.use.launchOptions ?? {};
  trusting = await chromium.launch({
    ...options,
    args: [
      ...(options.args ?? []),
      `--host-resolver-rules=MAP ${outside} 127.0.0.1,MAP nas.local 127.0.0.1,MAP unity*.local 127.0.0.1`,
    ],
    env: { ...process.env, HOME: home, XDG_DATA_HOME: join(home, "none") },
  });
});
test.afterAll(async () => {
  await trusting.close();
  await appliance.stop();
  rmSync(home, { recursive: true, force: true });
});

test("a browser that does not know the authority is told how, and nothing else", async ({
  context,
  page,
}) => {
  const faults = await watch(context);
  const plain = `http://${lan}:${appliance.port}`;
  await page.goto(`${plain}/trust`);
  await expect(page.getByRole("status")).toContainText("Not yet.");
  const shown = (await page.locator(".print span").allTextContents()).join(":");
  expect(appliance.printed).toContain(shown); // in the terminal
  const system = await appliance.get<{ ca_fingerprint: string }>("/api/v1/system");
  expect(system.ca_fingerprint).toBe(shown);
  const devices = page.locator("details");
  await expect(devices).toHaveCount(6);
  await expect(devices.first()).toHaveAttribute("id", "linux");
  await expect(page.locator("details[open]")).toHaveCount(1);
  await expect(page.getByRole("img", { name: `QR: ${plain}/trust` })).toBeVisible();
  await expect(page.goto(`${plain}/servers`)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID"); // where it leads
  const answer = await context.request.get(`${plain}/api/v1/setup`);
  expect(answer.status()).toBe(403);
  expect(faults).toEqual([]);
});

test("the page works without a script, in Polish, in both themes", async ({ browser }) => {
  const context = await browser.newContext({ locale: "pl-PL", javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`http://${lan}:${appliance.port}/trust`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Zaufaj ${hostname()}`);
  await expect(page.getByRole("status")).toContainText("Czy to urządzenie już ufa?");
  await page.getByRole("link", { name: "English" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Trust ${hostname()}`);
  await context.close();
  for (const colorScheme of ["light", "dark"] as const) {
    const themed = await browser.newContext({ colorScheme });
    const one = await themed.newPage();
    await one.goto(`http://${lan}:${appliance.port}/trust`);
    await expect(one.getByRole("status")).toContainText("Not yet.");
    const found = await new AxeBuilder({ page: one })
      .withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"])
      .analyze();
    expect(found.violations, colorScheme).toEqual([]);
    await themed.close();
  }
});

test("a browser that knows the authority trusts it", async () => {
  const context = await trusting.newContext();
  const faults = await watch(context);
  const page = await context.newPage();
  await page.goto(`http://${lan}:${appliance.port}/trust`);
  await expect(page.getByRole("status")).toContainText("Trusted.");
  await page.getByRole("status").getByRole("link").last().click();
  await expect(page).toHaveURL(`https://${lan}:${https}/sign-in`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.goto(`https://${lan}:${https}/trust`);
  await expect(page.getByText("You read this over https.")).toBeVisible();
  await page.goto(`http://${lan}:${appliance.port}/servers?q=x`);
  expect(new URL(page.url()).origin).toBe(`https://${lan}:${https}`);
  expect(faults).toEqual([]);
  await context.close();
});

test("it has a name on the local network, which browsers trust, too", async () => {
  let name = "";
  await expect
    .poll(async () => {
      const { urls } = await appliance.get<{ urls: string[] }>("/api/v1/system");
      name = urls.find((each) => /^https:\/\/unity(-\d+)?\.local:/.test(each)) ?? "";
      return name;
    })
    .not.toBe("");
  const page = await trusting.newPage();
  await page.goto(`${name}/`);
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await page.close();
});

test("no browser lets the authority vouch for a name of the internet", async () => {
  const page = await trusting.newPage();
  await expect(page.goto(`https://${outside}:${https}/`)).rejects.toThrow("ERR_CERT_INVALID");
  await page.close();
});

test("curl trusts what the authority may vouch for, and nothing else", () => {
  const curl = (host: string, ...options: string[]) => {
    const own = host.startsWith("[") || /^[\d.]+$/.test(host); // needs no name server
    const to = own ? [] : ["--resolve", `${host}:${https}:127.0.0.1`];
    const at = `https://${host}:${https}/healthz`;
    return execFileSync("curl", ["-sSg", "--max-time", "20", ...to, ...options, at], quiet).toString();
  };
  for (const host of ["localhost", "127.0.0.1", lan, hostname().toLowerCase()])
    expect(curl(host, "--cacert", pem), host).toBe("ok\n");
  expect(() => curl(outside, "--cacert", pem)).toThrow(/certificate/i);
  expect(() => curl(lan)).toThrow(/certificate/i);
});
