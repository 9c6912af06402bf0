// A real OpenSSH server on loopback, with a host key of its own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

import { freePort } from "./appliance";

const sshd = "/usr/sbin/sshd";
const keygen = "/usr/bin/ssh-keygen";

/** A running sshd that lets in who is authorized. */
export class Sshd {
  readonly user = userInfo().username;
  private constructor(
    private readonly dir: string,
    readonly port: number,
    /** "SHA256:…" of its host key. */
    readonly fingerprint: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts one, and waits until it listens. */
  static async start(): Promise<Sshd> {
    for (const tool of [sshd, keygen])
      if (!existsSync(tool)) throw new Error(`${tool} is missing: apt-get install openssh-server`);
    if (!existsSync("/run/sshd")) mkdirSync("/run/sshd", { recursive: true });
    const dir = mkdtempSync(join(tmpdir(), "unity-sshd-"));
    const key = join(dir, "host_ed25519");
    execFileSync(keygen, ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const fingerprint =
      execFileSync(keygen, ["-lf", `${key}.pub`])
        .toString()
        .split(" ")[1] ?? "";
    const port = await freePort();
    writeFileSync(join(dir, "authorized_keys"), "", { mode: 0o600 });
    const config = join(dir, "sshd_config");
    writeFileSync(
      config,
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${key}`,
        `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        "PermitRootLogin yes",
        "PasswordAuthentication no",
        "LogLevel VERBOSE",
        "",
      ].join("\n"),
    );
    const child = spawn(sshd, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    await new Promise<void>((resolve, reject) => {
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("Server listening")) resolve();
      });
      child.on("exit", (code) => reject(new Error(`sshd ended with ${code}:\n${said}`)));
    });
    return new Sshd(dir, port, fingerprint, child);
  }

  /** Lets in who holds the key of this line. */
  authorize(line: string): void {
    writeFileSync(join(this.dir, "authorized_keys"), `${line}\n`, { mode: 0o600 });
  }

  async stop(): Promise<void> {
    this.child.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await ended;
    rmSync(this.dir, { recursive: true, force: true });
  }
}
