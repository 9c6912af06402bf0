import { useEffect, useState } from "react";

/**
 * The token in the address that was printed or mailed, after # or ?. It is taken out of the
 * address bar at once, so that it is neither bookmarked nor sent on.
 */
export function takeToken(): string {
  const url = new URL(location.href);
  const token = new URLSearchParams(url.hash.slice(1)).get("token") ?? url.searchParams.get("token") ?? "";
  if (token) {
    url.hash = "";
    url.searchParams.delete("token");
    history.replaceState(history.state, "", url);
  }
  return token;
}

const key = "invitation";

/** The token of an invitation, which outlives a sign-in on the way: in this tab, and only there. */
export const invitation = {
  take: (): string => {
    const token = takeToken();
    if (token) sessionStorage.setItem(key, token);
    return sessionStorage.getItem(key) ?? "";
  },
  forget: (): void => sessionStorage.removeItem(key),
};

/** Takes something that a page was given out of its address. */
export function takeParams(...names: readonly string[]): Record<string, string> {
  const url = new URL(location.href);
  const found: Record<string, string> = {};
  for (const name of names) {
    found[name] = url.searchParams.get(name) ?? "";
    url.searchParams.delete(name);
  }
  history.replaceState(history.state, "", url);
  return found;
}

const loadAgain = () => {
  if (location.hash.includes("token=")) location.reload();
};

/** The token of a page; another link that is opened in the same tab begins the page anew. */
export function useToken(take = takeToken): string {
  const [token] = useState(take);
  useEffect(() => {
    addEventListener("hashchange", loadAgain);
    return () => removeEventListener("hashchange", loadAgain);
  }, []);
  return token;
}
