// Who publishes programs: a key of minisign, and signatures by it.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

/** A key whose signatures can be trusted. */
export class Publisher {
  private readonly id = randomBytes(8);
  private readonly key: KeyObject;
  /** The line that is pinned. */
  readonly line: string;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    this.key = privateKey;
    const bare = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
    this.line = Buffer.concat([Buffer.from("Ed"), this.id, bare]).toString("base64");
  }

  /** Signs a file as `minisign -S` does, and returns the name of the signature beside it. */
  sign(file: string): string {
    const digest = createHash("blake2b512").update(readFileSync(file)).digest();
    const signature = sign(null, digest, this.key);
    const comment = "published for a test";
    const whole = sign(null, Buffer.concat([signature, Buffer.from(comment)]), this.key);
    const lines = [
      "untrusted comment: a signature",
      Buffer.concat([Buffer.from("ED"), this.id, signature]).toString("base64"),
      `trusted comment: ${comment}`,
      whole.toString("base64"),
    ];
    writeFileSync(`${file}.minisig`, `${lines.join("\n")}\n`);
    return `${file}.minisig`;
  }
}
