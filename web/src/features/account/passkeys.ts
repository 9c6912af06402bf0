import { base } from "../../api/client";
import { createPasskey } from "../../api/passkey";
import { ask } from "../../api/untyped";

const all = `${base}/auth/passkeys`;
const one = `${all}/{id}`;

/** Has the person make a passkey, and keeps it under a name. */
export async function addPasskey(name: string): Promise<void> {
  const { ceremony, options } = await ask<{ ceremony: string; options: unknown }>("POST", `${all}/options`);
  const response = await createPasskey(options);
  await ask("POST", all, { body: { ceremony, name, response } });
}

/** Calls a passkey something else. */
export const renamePasskey = (id: string, name: string): Promise<unknown> =>
  ask("PATCH", one, { params: { path: { id } }, body: { name } });

/** Forgets a passkey. */
export const deletePasskey = (id: string): Promise<unknown> =>
  ask("DELETE", one, { params: { path: { id } } });
