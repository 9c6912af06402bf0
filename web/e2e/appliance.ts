// The real program on a data directory of its own, and a browser signed in to it.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type BrowserContext, expect, request, test as base } from "@playwright/test";

/** The program that is tested. */
export const binary = process.env["UNITY"] ?? join(import.meta.dirname, "../../unity");

/** Who the tests are. */
export const person = { username: "lea", password: "correct horse 42" };

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** A running appliance. */
export class Appliance {
  readonly url: string;
  /** Of plain HTTP. */
  readonly port: number;
  /** The printed address of the first visit. */
  setupURL = "";
  /** The password of everybody in a demo. */
  password = "";
  /** The cookies of somebody who is signed in. */
  state: State = { cookies: [], origins: [] };
  private child: ChildProcess | undefined;
  private output = "";

  private constructor(
    readonly dir: string,
    port: number,
    private readonly flags: readonly string[],
  ) {
    this.url = `http://127.0.0.1:${port}`;
    this.port = port;
  }

  /** Starts the program, and waits until it says how to set it up. */
  static async start(...flags: string[]): Promise<Appliance> {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: make build`);
    const dir = mkdtempSync(join(tmpdir(), "unity-e2e-"));
    const one = new Appliance(dir, await freePort(), ["--data-dir", dir, ...flags]);
    await one.run();
    return one;
  }

  /** Starts the program open to the local network, with https on another port. */
  static async lan(): Promise<{ appliance: Appliance; https: number }> {
    const [http, https] = [await freePort(), await freePort()];
    const dir = mkdtempSync(join(tmpdir(), "unity-e2e-"));
    const flags = ["--data-dir", dir, "--http", `:${http}`, "--https", `:${https}`];
    const appliance = new Appliance(dir, http, flags);
    await appliance.run();
    return { appliance, https };
  }

  /** Starts a demo: two tenants, and demo, anna, ben and vera to sign in as. It removes itself. */
  static async demo(): Promise<Appliance> {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: make build`);
    const one = new Appliance("", await freePort(), ["--demo"]);
    await one.run();
    return one;
  }

  private run(): Promise<void> {
    const at = new URL(this.url).host;
    const flags = ["--http", at, "--https", "", "--rate-limit", "0"]; // the last one of a kind counts
    const child = spawn(binary, ["serve", ...flags, ...this.flags], { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    return new Promise((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        this.output += chunk.toString();
        this.setupURL = /http:\S+\/setup\?token=\S+/.exec(this.output)?.[0] ?? "";
        this.password = /password: (.+)/.exec(this.output)?.[1] ?? "";
        if (this.setupURL || (this.password && this.output.includes("ready http"))) resolve();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.on("exit", (code) => reject(new Error(`unity ended with ${code}:\n${this.output}`)));
    });
  }

  /** Makes the first administrator; its machine is asked every second from then on. */
  async setUp(): Promise<void> {
    const token = new URL(this.setupURL).searchParams.get("token");
    const api = await this.api();
    await expect(await api.post("/api/v1/setup", { data: { token, ...person } })).toBeOK();
    this.state = await api.storageState();
    const local = await this.local();
    await expect(await api.patch(`/api/v1/servers/${local.id}`, { data: { poll_seconds: 1 } })).toBeOK();
    await api.dispose();
  }

  /** Signs in somebody who is there already. */
  async signIn(username: string): Promise<void> {
    const api = await this.api();
    await expect(
      await api.post("/api/v1/auth/login", { data: { username, password: this.password } }),
    ).toBeOK();
    this.state = await api.storageState();
    await api.dispose();
  }

  /** Requests as the person who is signed in. */
  api() {
    return request.newContext({
      baseURL: this.url,
      storageState: this.state,
      extraHTTPHeaders: { Origin: this.url },
    });
  }

  /** What the API answers to a GET. */
  async get<T>(path: string): Promise<T> {
    const api = await this.api();
    const response = await api.get(path);
    await expect(response).toBeOK();
    const body = (await response.json()) as T;
    await api.dispose();
    return body;
  }

  /** The machine that the appliance runs on. */
  async local(): Promise<{ id: string; name: string }> {
    type Machine = { id: string; name: string; auth: string };
    let found: Machine | undefined;
    await expect
      .poll(async () => {
        const { items } = await this.get<{ items: Machine[] }>("/api/v1/servers");
        found = items.find((server) => server.auth === "local");
        return found;
      })
      .toBeDefined();
    if (!found) throw new Error("the appliance does not watch its own machine");
    return found;
  }

  /** What it printed so far. */
  get printed(): string {
    return this.output;
  }

  /** What an administrator types on the machine while the program runs. */
  command(...words: string[]): void {
    execFileSync(binary, [...words, "--data-dir", this.dir]);
  }

  /** Ends the program as systemd does, and removes what it stored. */
  async stop(): Promise<void> {
    const child = this.child;
    if (child && child.exitCode === null) {
      child.removeAllListeners("exit");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    if (this.dir) rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Collects what a browser must never say: broken policies, errors of scripts. */
export async function watch(context: BrowserContext): Promise<string[]> {
  const faults: string[] = [];
  await context.exposeBinding("policyBroken", (_source, text: string) => void faults.push(text));
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      const told = `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`;
      void (window as unknown as { policyBroken: (text: string) => void }).policyBroken(told);
    });
  });
  context.on("request", (sent) => {
    if (sent.url().includes("csp-report")) faults.push(`reported: ${sent.postData() ?? ""}`);
  });
  context.on("weberror", (error) => faults.push(String(error.error())));
  return faults;
}

/** Tests of pages behind the sign-in. Each fails if a page breaks its policy or a script fails. */
export const test = base.extend<{ faults: string[] }, { appliance: Appliance }>({
  appliance: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const appliance = await Appliance.start();
      await appliance.setUp();
      await use(appliance);
      await appliance.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  baseURL: async ({ appliance }, use) => use(appliance.url),
  storageState: async ({ appliance }, use) => use(appliance.state),
  faults: [
    async ({ context }, use) => {
      const faults = await watch(context);
      await use(faults);
      expect(faults).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
