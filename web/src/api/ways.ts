// The ways in beside a password: identity providers and passkeys.
import { queryOptions } from "@tanstack/react-query";

import { base } from "./client";
import { isName } from "./host";
import { askPasskey, canPasskey } from "./passkey";
import type { components } from "./schema";
import { ask } from "./untyped";

/** How far somebody got: signed in, or asked for a second proof. */
export type SignIn = components["schemas"]["LoginOutBody"];

/** Somebody else who says who people are. */
export interface Provider {
  id: string;
  name: string;
}

/** What signs people in here. */
export interface Ways {
  items: readonly Provider[];
  /** Whether passwords sign in. */
  password: boolean;
}

const auth = `${base}/auth`;

const onlyPassword: Ways = { items: [], password: true };

/** The identity providers, and whether a password is a way at all: so it is when that cannot be said. */
export const waysQuery = () =>
  queryOptions({
    queryKey: ["get", `${auth}/providers`, {}],
    queryFn: () => ask<Ways>("GET", `${auth}/providers`).catch(() => onlyPassword),
  });

interface Start {
  purpose: "sign_in" | "link";
  /** Where it leads to afterwards. */
  next: string;
  /** The token of an invitation that is accepted by it. */
  invitation?: string;
}

/** Leaves for an identity provider, which sends the browser back to /sign-in/callback. */
export async function goTo(provider: string, start: Start): Promise<void> {
  const { url } = await ask<{ url: string }>("POST", `${auth}/providers/{id}/start`, {
    params: { path: { id: provider } },
    body: start,
  });
  location.assign(url);
}

/** Ends what goTo began, with what the provider put into the address. */
export const comeBack = (answer: { code: string; state: string; iss?: string }) =>
  ask<SignIn & { next?: string }>("POST", `${auth}/oidc`, { body: answer });

/** Whether passkeys work in this browser at this address. */
export const passkeysWork = (): boolean => canPasskey() && isName(location.hostname);

/** Signs in with a passkey, or answers a challenge with one. */
export async function signInByPasskey(challenge?: string): Promise<SignIn> {
  const { ceremony, options } = await ask<{ ceremony: string; options: unknown }>(
    "POST",
    `${auth}/login/passkey/options`,
    { body: challenge ? { challenge } : {} },
  );
  const response = await askPasskey(options);
  return ask<SignIn>("POST", `${auth}/login/passkey`, { body: { ceremony, response } });
}
