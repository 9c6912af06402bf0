// A real Kubernetes on loopback, with simulated nodes: the program that `make helpers` builds.
import { type ChildProcess, spawn } from "node:child_process";
import { request } from "node:https";
import { createInterface } from "node:readline";

const program = process.env["KUBETEST"];

/** What its program says when it serves. */
interface Ready {
  server: string;
  ca: string;
  token: string;
  viewer: string;
  kubeconfig: string;
}

/** A running control plane. */
export class Kubernetes {
  private constructor(
    private readonly child: ChildProcess,
    private readonly ready: Ready,
  ) {}

  /** Starts one, and waits until it serves. Flags are those of its program, like "-nodes", "5". */
  static async start(...flags: string[]): Promise<Kubernetes> {
    if (!program) throw new Error("KUBETEST names no program: run the suite with make e2e");
    const child = spawn(program, ["up", "-attached", ...flags], { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const line = await new Promise<string>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`kubetest ended with ${code}:\n${said}`)));
      createInterface(child.stdout).once("line", resolve);
    });
    return new Kubernetes(child, JSON.parse(line) as Ready);
  }

  /** Of an administrator, with a client certificate. */
  get kubeconfig(): string {
    return this.ready.kubeconfig;
  }

  /** Of somebody who may do nothing. */
  get viewer(): string {
    const ca = Buffer.from(this.ready.ca).toString("base64");
    return `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "${this.ready.server}", certificate-authority-data: ${ca}}}]
users: [{name: viewer, user: {token: ${this.ready.viewer}}}]
contexts: [{name: test, context: {cluster: test, user: viewer}}]
current-context: test
`;
  }

  /** Asks the API server as the administrator, and returns what it answers. A patch is a merge patch. */
  async ask<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
    const kind = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    return new Promise((resolve, reject) => {
      const call = request(
        this.ready.server + path,
        {
          method,
          ca: this.ready.ca,
          headers: { Authorization: `Bearer ${this.ready.token}`, "Content-Type": kind },
        },
        (answer) => {
          let text = "";
          answer.on("data", (chunk: Buffer) => {
            text += chunk.toString();
          });
          answer.on("error", reject);
          answer.on("end", () => {
            if ((answer.statusCode ?? 0) < 300) resolve(JSON.parse(text) as T);
            else reject(new Error(`${method} ${path}: ${answer.statusCode}: ${text}`));
          });
        },
      );
      call.on("error", reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Makes a namespace. */
  async namespace(name: string): Promise<void> {
    await this.ask("POST", "/api/v1/namespaces", { metadata: { name } });
  }

  /** Makes a Deployment of pods that run; their annotations say what else happens to them. */
  async deployment(
    namespace: string,
    name: string,
    replicas: number,
    annotations: Record<string, string> = {},
  ): Promise<void> {
    const labels = { app: name };
    await this.ask("POST", `/apis/apps/v1/namespaces/${namespace}/deployments`, {
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels, annotations },
          spec: { containers: [{ name: "app", image: "registry.test/app:1" }] },
        },
      },
    });
  }

  /** Ends it, and everything that it kept. */
  async stop(): Promise<void> {
    this.child.removeAllListeners("exit");
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin?.end();
    await ended;
  }
}
