import { request } from "../../api/client";
import { createPasskey } from "../../api/passkey";

/** Has the person make a passkey, and keeps it under a name; codes for who loses it, with the first. */
export async function addPasskey(name: string): Promise<readonly string[]> {
  const { data } = await request.POST("/api/v1/auth/passkeys/options");
  if (!data) return [];
  const response = await createPasskey(data.options);
  const made = await request.POST("/api/v1/auth/passkeys", {
    body: { ceremony: data.ceremony, name, response },
  });
  return made.data?.recovery_codes ?? [];
}

/** Calls a passkey something else. */
export const renamePasskey = (id: string, name: string): Promise<unknown> =>
  request.PATCH("/api/v1/auth/passkeys/{id}", { params: { path: { id } }, body: { name } });

/** Forgets a passkey. */
export const deletePasskey = (id: string): Promise<unknown> =>
  request.DELETE("/api/v1/auth/passkeys/{id}", { params: { path: { id } } });
