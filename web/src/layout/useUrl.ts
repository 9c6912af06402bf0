import { useLocation, useRouter } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

type Change = Readonly<Record<string, string | undefined>>;

/**
 * What the address says after the question mark. Filters replace the entry of the history,
 * so that back leads to where one came from and not through every letter typed.
 */
export function useUrl(): [URLSearchParams, (change: Change) => void] {
  const router = useRouter();
  const { searchStr } = useLocation();
  const params = useMemo(() => new URLSearchParams(searchStr), [searchStr]);
  const set = useCallback(
    (change: Change) => {
      const { pathname, search } = router.history.location;
      const next = new URLSearchParams(search);
      for (const [name, value] of Object.entries(change)) {
        if (value) next.set(name, value);
        else next.delete(name);
      }
      const text = next.toString();
      router.history.replace(text ? `${pathname}?${text}` : pathname);
    },
    [router],
  );
  return [params, set];
}
