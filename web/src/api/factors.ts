// What a person can prove with that it is them, and how the server takes it.
import { request } from "./client";
import { Problem } from "./errors";
import { askPasskey, canPasskey } from "./passkey";
import type { Got } from "./types";
import { goTo } from "./ways";

/** What somebody has set up, and where they sign in if they have no password here. */
export interface Factors extends Pick<
  Got<"/api/v1/auth/factors">,
  "password" | "totp_since" | "recovery_codes_left"
> {
  passkeys: readonly { id: string; name: string }[];
  providers: readonly { id: string; name: string }[];
}

/** A way to prove it. */
export type Method = "passkey" | "password" | "code";

/** What the person has set up. A server that does not say still takes a password. */
export async function factors(): Promise<Factors> {
  const bare: Factors = {
    password: true,
    totp_since: null,
    recovery_codes_left: 0,
    passkeys: [],
    providers: [],
  };
  try {
    const { data } = await request.GET("/api/v1/auth/factors");
    const found = { ...bare, ...data };
    if (methodsOf(found).length > 0) return found;
    const ways = await request.GET("/api/v1/auth/providers");
    return { ...found, providers: ways.data?.items ?? [] };
  } catch (error) {
    if (error instanceof Problem) return bare;
    throw error;
  }
}

/** The ways that are open to somebody, the easiest first. */
export function methodsOf({ password, totp_since, recovery_codes_left, passkeys }: Factors): Method[] {
  const open: Record<Method, boolean> = {
    passkey: passkeys.length > 0 && canPasskey(),
    password,
    code: totp_since !== null || recovery_codes_left > 0,
  };
  return (["passkey", "password", "code"] as const).filter((method) => open[method]);
}

/** Proves it to the server. */
export async function proveBy(method: Method, value: string): Promise<void> {
  if (method !== "passkey") {
    await request.POST("/api/v1/auth/step-up", { body: { [method]: value } });
    return;
  }
  const { data } = await request.POST("/api/v1/auth/step-up/passkey/options");
  if (!data) return;
  const response = await askPasskey(data.options);
  await request.POST("/api/v1/auth/step-up/passkey", { body: { ceremony: data.ceremony, response } });
}

/** Proves it where the person signs in; this page is left, and comes back. */
export const proveElsewhere = (provider: string): Promise<void> =>
  goTo(provider, { purpose: "step_up", next: location.pathname + location.search });
