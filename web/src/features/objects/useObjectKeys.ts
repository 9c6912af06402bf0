import { useRouter } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";

import { isFree, type PageKey, usePageKeys } from "../../layout/pageKeys";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { logsKinds } from "./sources";
import type { Place } from "./types";

const keys: readonly PageKey[] = [
  [["l"], o.keys.logs],
  [["s"], o.keys.shell],
  [["y"], o.keys.yaml],
  [["e"], o.keys.events],
];

/** The part of an object's page that a key opens. */
function tabOf(key: string, kind: string): string | undefined {
  if (key === "l") return logsKinds.has(kind) ? "logs" : undefined;
  if (key === "s") return kind === "pods" ? "terminal" : undefined;
  return { y: "yaml", e: "events" }[key];
}

/** The keys of an object's page, as k9s has them. */
export function useObjectKeys(place: Place): void {
  const router = useRouter();
  const press = useEffectEvent((event: KeyboardEvent) => {
    const tab = isFree(event) ? tabOf(event.key, place.kind) : undefined;
    if (!tab) return;
    event.preventDefault();
    void router.navigate({ href: paths.object(place, tab), replace: true });
  });
  usePageKeys(keys);
  useEffect(() => {
    const hear = (event: KeyboardEvent) => press(event);
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, []);
}
