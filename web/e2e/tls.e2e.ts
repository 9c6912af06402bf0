// Who vouches for the appliance's names: names come and go, a certificate is brought and
// served, TLS is left to a proxy and taken back, and an authority is looked at first.
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";

import type { Page } from "@playwright/test";

import { paths } from "../src/paths";
import { Appliance, expect, freePort, test as base } from "./appliance";
import { expectAccessible } from "./person";

/** An appliance that speaks TLS, and where. */
const test = base.extend<object, { https: number; both: { appliance: Appliance; https: number } }>({
  both: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const both = await Appliance.lan();
      await both.appliance.setUp();
      await use(both);
      await both.appliance.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  appliance: [async ({ both }, use) => use(both.appliance), { scope: "worker" }],
  https: [async ({ both }, use) => use(both.https), { scope: "worker" }],
});
test.describe.configure({ mode: "serial" });

const name = "unity.example.org";
const dir = mkdtempSync(join(tmpdir(), "unity-e2e-tls-"));
test.afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Pair {
  certificate: string;
  key: string;
}

/** A certificate that nobody but itself signed, as a person brings one. */
function make(of: string): Pair {
  const [certificate, key] = [join(dir, `${of}.pem`), join(dir, `${of}.key`)];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const about = ["-days", "90", "-subj", `/CN=${of}`, "-addext", `subjectAltName=DNS:${of}`];
  execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", certificate, ...about], {
    stdio: "pipe",
  });
  return { certificate, key };
}

/** What a handshake for a name is answered with. */
const served = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, servername: name, rejectUnauthorized: false };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.end();
    });
    socket.on("error", reject);
    socket.setTimeout(5000, () => socket.destroy(new Error("nobody answers")));
  });

const table = (page: Page) => page.getByRole("table", { name: "Names" });
const rowOf = (page: Page, of: string) =>
  table(page)
    .getByRole("row")
    .filter({ has: page.getByRole("button", { name: of, exact: true }) });

async function choose(page: Page, mode: string): Promise<void> {
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByRole("dialog").getByLabel(mode).check();
}

test("names are listed, added and taken away", async ({ page }) => {
  await page.goto(paths.tls());
  await expect(
    page.getByRole("heading", { name: "This appliance signs its certificates itself" }),
  ).toBeVisible();
  await expect(rowOf(page, "localhost")).toBeVisible();
  await page.getByText(/address(es)? of this box/).click();
  await expect(page.getByRole("table", { name: "Addresses of this box" })).toBeVisible();
  await expect(page.getByText(/^([0-9A-F]{2}:){3}[0-9A-F]{2}$/)).toHaveCount(8); // the fingerprint
  await expectAccessible(page);

  await page.getByRole("button", { name: "Add a name" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a name" });
  const field = dialog.getByLabel("Name", { exact: true });
  await field.fill("no name at all");
  await dialog.getByRole("button", { name: "Add a name" }).click();
  await expect(dialog.getByText("That is no name of a host.")).toBeVisible();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await field.fill("spare.example.org");
  await field.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(rowOf(page, "spare.example.org")).toContainText("Made when somebody asks for it");

  await page.getByRole("button", { name: "More for spare.example.org" }).click();
  await page.getByRole("menuitem", { name: "Take away" }).click();
  await page.getByRole("button", { name: "Take spare.example.org away" }).click();
  await expect(rowOf(page, "spare.example.org")).toHaveCount(0);
});

test("a certificate is renewed by a job, and its panel tells of it", async ({ page, https }) => {
  const before = await served(https).catch(() => ""); // nobody's name yet
  await page.goto(paths.tls());
  await page.getByRole("button", { name: "Add a name" }).click();
  await page.getByRole("dialog").getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("dialog").getByRole("button", { name: "Add a name" }).click();
  await page.getByRole("button", { name, exact: true }).click();
  const panel = page.getByRole("complementary", { name: "Certificate" });
  await expect(panel.getByRole("heading", { name })).toBeVisible();
  expect(new URL(page.url()).searchParams.get("name")).toBe(name);
  expect(await served(https)).not.toBe(before);
  const first = await served(https);
  await panel.getByRole("button", { name: "Renew now" }).click();
  await expect(page.getByText(`${name} has a new certificate`).first()).toBeVisible();
  await expect.poll(() => served(https)).not.toBe(first);
  await expect(panel.getByText("Renewed by itself")).toBeVisible();
  await expectAccessible(page);
});

test("a certificate is brought, refused with another key, and served", async ({ page, https }) => {
  const [mine, other] = [make(name), make("other.example.org")];
  await page.goto(paths.tls());
  await choose(page, "A certificate of your own");
  await page.getByRole("button", { name: "Next" }).click();
  const dialog = page.getByRole("dialog", { name: "A certificate of your own" });
  await dialog.getByLabel("Choose a file: Certificate and its chain").setInputFiles(mine.certificate);
  await dialog.getByLabel("Choose a file: Private key").setInputFiles(other.key);
  const key = dialog.getByLabel("Private key", { exact: true });
  await expect(key).toHaveValue(readFileSync(other.key, "utf8"));
  await dialog.getByRole("button", { name: "Upload and serve" }).click();
  await expect(key).toHaveAttribute("aria-invalid", "true");
  await expect(dialog.getByText("do not belong together")).toBeVisible();
  await expectAccessible(page);

  await key.fill(readFileSync(mine.key, "utf8"));
  await dialog.getByRole("button", { name: "Upload and serve" }).click();
  await expect(page.getByRole("heading", { name: "Your own certificate is served" })).toBeVisible();
  await expect(rowOf(page, name)).toContainText("You");
  await expect(page.getByText("Uploaded, and kept in the vault")).toBeVisible();
  expect(await served(https)).toBe(new X509Certificate(readFileSync(mine.certificate)).fingerprint256);
  await expectAccessible(page);
});

test("files on the box are served, and refused when they are not there", async ({ page, https }) => {
  const files = make("files.example.org"); // the certificate of another name: ours is signed here
  await page.goto(paths.tls());
  await page.getByRole("button", { name: "Bring another" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Files on the box").click();
  await dialog.getByLabel("File of the certificate").fill(join(dir, "nowhere.pem"));
  await dialog.getByLabel("File of the key").fill(files.key);
  await dialog.getByRole("button", { name: "Save and serve" }).click();
  await expect(dialog.getByText("cannot be read by the appliance")).toBeVisible();
  await dialog.getByLabel("File of the certificate").fill(files.certificate);
  await dialog.getByRole("button", { name: "Save and serve" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText(files.certificate, { exact: true })).toBeVisible();
  await expect(rowOf(page, name)).toContainText("This appliance");
  const own = new X509Certificate(readFileSync(files.certificate)).fingerprint256;
  expect(await served(https)).not.toBe(own);
});

test("the appliance signs itself again", async ({ page }) => {
  await page.goto(paths.tls());
  await choose(page, "This appliance itself");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(
    page.getByRole("heading", { name: "This appliance signs its certificates itself" }),
  ).toBeVisible();
});

test("TLS is left to a proxy once one is named, and taken back", async ({ page, appliance, https }) => {
  await page.goto(paths.tls());
  await choose(page, "Nobody: a proxy speaks TLS");
  await page.getByRole("button", { name: "End TLS and restart" }).click();
  await expect(page.getByText("Without TLS a proxy must stand before the appliance")).toBeVisible();
  await expectAccessible(page);

  const api = await appliance.api();
  const trusted = { data: { trusted_proxies: ["192.0.2.7"] } };
  await expect(await api.patch("/api/v1/system/settings", trusted)).toBeOK();
  await api.dispose();
  await page.reload();
  await choose(page, "Nobody: a proxy speaks TLS");
  await page.getByRole("button", { name: "End TLS and restart" }).click();
  await expect(page.getByRole("heading", { name: "A proxy speaks TLS" })).toBeVisible({ timeout: 30_000 });
  await expect(served(https)).rejects.toThrow();

  await choose(page, "This appliance itself");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(
    page.getByRole("heading", { name: "This appliance signs its certificates itself" }),
  ).toBeVisible({
    timeout: 30_000,
  });
  expect(await served(https)).toMatch(/^([0-9A-F]{2}:){31}/);
});

test("an authority that does not answer is found out before it is asked", async ({ page }) => {
  test.setTimeout(120_000); // a name that nobody knows is looked for, too
  const directory = `https://127.0.0.1:${await freePort()}/directory`;
  await page.goto(paths.tls());
  await choose(page, "An authority that speaks ACME");
  await page.getByRole("button", { name: "Next" }).click();
  await expect(page).toHaveURL(new RegExp(`${paths.tlsAcme()}$`));

  await page.getByLabel("Another one").check();
  await page.getByRole("button", { name: "Next" }).click(); // the browser holds it: nothing is filled in
  await expect(page.getByLabel("Directory", { exact: true })).toBeVisible();
  await page.getByLabel("Directory", { exact: true }).fill(directory);
  await page.getByLabel("E-mail").fill("lea@example.org");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Next" }).click();

  await expect(page.getByRole("heading", { name: "Names" })).toBeFocused();
  await expect(page.getByRole("list", { name: "Names" }).getByText(name)).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Next" }).click();

  await page.getByLabel("A record in the DNS").check();
  await page.getByLabel("Where the domain is kept").selectOption("Cloudflare");
  await page.getByLabel("Token").fill("a token that is kept");
  await expectAccessible(page);
  await page.getByLabel("Where the domain is kept").selectOption("deSEC");
  await expect(page.getByLabel("Token")).toHaveValue("");
  await page.getByLabel("Where the domain is kept").selectOption("Cloudflare");
  await expect(page.getByLabel("Token")).toHaveValue("a token that is kept");
  await page.getByLabel("A file on port 80").check();
  await page.getByRole("button", { name: "Next" }).click();

  const findings = page.getByRole("region", { name });
  await expect(findings.getByText("The authority does not answer as one")).toBeVisible({ timeout: 60_000 });
  await expect(findings.getByText("Must be mended").first()).toBeVisible();
  await expect(page.getByText("No certificate would come.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save and ask for certificates" })).toBeDisabled();
  await expectAccessible(page);

  await page.getByRole("button", { name: "Authority" }).click(); // back, and nothing is lost
  await expect(page.getByLabel("Directory", { exact: true })).toHaveValue(directory);
  await expect(page.getByLabel("E-mail")).toHaveValue("lea@example.org");
});
