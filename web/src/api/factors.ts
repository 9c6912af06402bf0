// What a person can prove with that it is them, and how the server takes it.
import { request } from "./client";
import { Problem } from "./errors";
import { askPasskey, canPasskey } from "./passkey";

/** What somebody has set up. */
export interface Factors {
  password: boolean;
  totp: { since: string } | null;
  recovery_codes_left: number;
  passkeys: readonly { id: string; name: string }[];
  /** Where they sign in, if they have no password here. */
  providers: readonly { id: string; name: string }[];
}

/** A way to prove it. */
export type Method = "passkey" | "password" | "code";

// Requests by a path that is only known as text.
type Ask = (path: string, init?: { body?: unknown }) => Promise<{ data?: unknown }>;
const get = request.GET as unknown as Ask;
const post = request.POST as unknown as Ask;

const base = "/api/v1/auth";

/** What the person has set up. A server that does not say still takes a password. */
export async function factors(): Promise<Factors> {
  const bare: Factors = { password: true, totp: null, recovery_codes_left: 0, passkeys: [], providers: [] };
  try {
    const found = (await get(`${base}/factors`)).data as Omit<Factors, "providers">;
    if (methodsOf({ ...found, providers: [] }).length > 0) return { ...bare, ...found };
    const { items } = (await get(`${base}/providers`)).data as { items: Factors["providers"] };
    return { ...bare, ...found, providers: items };
  } catch (error) {
    if (error instanceof Problem) return bare;
    throw error;
  }
}

/** The ways that are open to somebody, the easiest first. */
export function methodsOf({ password, totp, recovery_codes_left, passkeys }: Factors): Method[] {
  const open: Record<Method, boolean> = {
    passkey: passkeys.length > 0 && canPasskey(),
    password,
    code: totp !== null || recovery_codes_left > 0,
  };
  return (["passkey", "password", "code"] as const).filter((method) => open[method]);
}

/** Proves it to the server. */
export async function proveBy(method: Method, value: string): Promise<void> {
  if (method !== "passkey") {
    await post(`${base}/step-up`, { body: { [method]: value } });
    return;
  }
  const { ceremony, options } = (await post(`${base}/step-up/passkey/options`)).data as {
    ceremony: string;
    options: unknown;
  };
  const response = await askPasskey(options);
  await post(`${base}/step-up/passkey`, { body: { ceremony, response } });
}

/** Proves it where the person signs in; this page is left, and comes back. */
export async function proveElsewhere(provider: string): Promise<void> {
  const next = location.pathname + location.search;
  const path = `${base}/providers/${encodeURIComponent(provider)}/start`;
  const { url } = (await post(path, { body: { purpose: "step_up", next } })).data as { url: string };
  location.assign(url);
}
