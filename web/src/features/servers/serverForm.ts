import type { Server, ServerChange, ServerDraft } from "../../api/types";
import { splitTags } from "../../layout/tags";

/** How to sign in, as the form asks: "keep" is what is stored, "own" the key that Unity made. */
export type How = "keep" | "own" | "password" | "key";

/** What the form of a server holds. */
export interface ServerFields {
  name: string;
  host: string;
  port: number;
  username: string;
  how: How;
  password: string;
  private_key: string;
  passphrase: string;
  tags: string;
  group: string;
  notes: string;
  poll_seconds: number | undefined;
  snapshot_minutes: number | undefined;
}

/** A form with nothing in it. */
export const blank: ServerFields = {
  name: "",
  host: "",
  port: 22,
  username: "",
  how: "own",
  password: "",
  private_key: "",
  passphrase: "",
  tags: "",
  group: "",
  notes: "",
  poll_seconds: undefined,
  snapshot_minutes: undefined,
};

/** A form with what is known of a server; its secrets are not. */
export const toFields = (server: Server): ServerFields => ({
  ...blank,
  name: server.name,
  host: server.host,
  port: server.port,
  username: server.username,
  how: "keep",
  tags: server.tags.join(", "),
  group: server.group,
  notes: server.notes,
  poll_seconds: server.poll_seconds || undefined,
  snapshot_minutes: server.snapshot_minutes || undefined,
});

type Secrets = Pick<ServerDraft, "password" | "private_key" | "passphrase"> & { auth?: ServerDraft["auth"] };

function credentials({ how, password, private_key, passphrase }: ServerFields): Secrets {
  if (how === "own") return { auth: "key" };
  if (how === "password") return { auth: "password", password };
  if (how === "key") return { auth: "key", private_key, passphrase };
  return {};
}

const numbers = ({ poll_seconds, snapshot_minutes }: ServerFields) => ({
  ...(poll_seconds ? { poll_seconds } : {}),
  ...(snapshot_minutes ? { snapshot_minutes } : {}),
});

/** What a test needs: where, and how to sign in. */
export const connection = (fields: ServerFields): ServerDraft => ({
  host: fields.host.trim(),
  port: fields.port,
  username: fields.username.trim(),
  auth: "key",
  ...credentials(fields),
});

/** Everything, for a server that is made. */
export const creation = (fields: ServerFields, fingerprint: string | undefined): ServerDraft => ({
  ...connection(fields),
  name: fields.name.trim() || fields.host.trim(),
  tags: splitTags(fields.tags),
  group: fields.group,
  notes: fields.notes,
  ...numbers(fields),
  ...(fingerprint && { trust_fingerprint: fingerprint }),
});

/** Everything, for a server that is changed. Unity's own key is said by an empty one. */
export function change(fields: ServerFields, local: boolean): ServerChange {
  const rest: ServerChange = {
    name: fields.name.trim(),
    tags: splitTags(fields.tags),
    group: fields.group,
    notes: fields.notes,
    ...numbers(fields),
  };
  if (local) return rest;
  const { host, port, username } = fields;
  const secret: ServerChange = fields.how === "own" ? { auth: "key", private_key: "" } : credentials(fields);
  return { ...rest, host: host.trim(), port, username: username.trim(), ...secret };
}
