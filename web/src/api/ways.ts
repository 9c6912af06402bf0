// The ways in beside a password: identity providers and passkeys.
import { queryOptions } from "@tanstack/react-query";

import { base, request } from "./client";
import { isName } from "./host";
import { askPasskey, canPasskey } from "./passkey";
import type { components } from "./schema";
import type { Got } from "./types";

/** How far somebody got: signed in, or asked for a second proof. */
export type SignIn = components["schemas"]["LoginOutBody"];

/** What signs people in here. */
export type Ways = Got<"/api/v1/auth/providers">;

/** Somebody else who says who people are. */
export type Provider = Ways["items"][number];

const onlyPassword: Ways = { items: [], password: true };

/** The identity providers, and whether a password is a way at all: so it is when that cannot be said. */
export const waysQuery = () =>
  queryOptions({
    queryKey: ["get", `${base}/auth/providers`, {}],
    queryFn: () =>
      request.GET("/api/v1/auth/providers").then(
        ({ data }) => data ?? onlyPassword,
        () => onlyPassword,
      ),
  });

interface Start {
  purpose: "sign_in" | "link" | "step_up";
  /** Where it leads to afterwards. */
  next: string;
  /** The token of an invitation that is accepted by it. */
  invitation?: string;
}

/** Leaves for an identity provider, which sends the browser back to /sign-in/callback. */
export async function goTo(provider: string, start: Start): Promise<void> {
  const { data } = await request.POST("/api/v1/auth/providers/{id}/start", {
    params: { path: { id: provider } },
    body: start,
  });
  if (data) location.assign(data.url);
}

// A request that fails throws, so an answer that does not say anything is none of ours.
function sure<T>({ data }: { data?: T }): T {
  if (data === undefined) throw new Error("the server said nothing");
  return data;
}

/** Ends what goTo began, with what the provider put into the address. */
export const comeBack = (answer: { code: string; state: string; iss?: string }) =>
  request.POST("/api/v1/auth/oidc", { body: answer }).then(sure);

/** Whether passkeys work in this browser at this address. */
export const passkeysWork = (): boolean => canPasskey() && isName(location.hostname);

/** Signs in with a passkey, or answers a challenge with one. */
export async function signInByPasskey(challenge?: string): Promise<SignIn> {
  const path = "/api/v1/auth/login/passkey/options";
  const { ceremony, options } = sure(await request.POST(path, { body: challenge ? { challenge } : {} }));
  const response = await askPasskey(options);
  return sure(await request.POST("/api/v1/auth/login/passkey", { body: { ceremony, response } }));
}
