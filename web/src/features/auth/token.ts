/**
 * The token in the address the terminal printed, after # or ?. It is taken out of the
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
