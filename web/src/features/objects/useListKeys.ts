import { useRouter } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";

import { isFree, type PageKey, usePageKeys } from "../../layout/pageKeys";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { logsKinds, sourceOf } from "./sources";
import type { Listed, Place } from "./types";
import type { Windows } from "./windows";

const grid = () => document.querySelector<HTMLElement>("#content [role=grid]");

/** The number of the row that has the keyboard. */
function current(): number {
  const id = grid()?.getAttribute("aria-activedescendant");
  return Number((id ? document.getElementById(id) : undefined)?.dataset["index"] ?? -1);
}

const keys: readonly PageKey[] = [
  [["j"], o.keys.down],
  [["k"], o.keys.up],
  [["Enter"], o.keys.open],
  [["l"], o.keys.logs],
  [["s"], o.keys.shell],
  [["y"], o.keys.yaml],
  [["e"], o.keys.events],
  [["d"], o.keys.remove],
];

const tabs: Record<string, string> = { y: "yaml", e: "events", s: "terminal" };

const placeOf = ({ cluster_id, kind, namespace = "", name }: Listed): Place => ({
  cluster: cluster_id,
  kind,
  namespace,
  name,
});

/** Where a key leads from a row. */
function leads(key: string, row: Listed): string | undefined {
  if (key === "l") return logsKinds.has(row.kind) ? paths.logs([sourceOf(placeOf(row))]) : undefined;
  if (key === "s" && row.kind !== "pods") return undefined;
  return tabs[key] && paths.object(placeOf(row), tabs[key]);
}

function move(key: string): void {
  grid()?.focus();
  grid()?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

/** The keys of a list of objects, as k9s has them. */
export function useListKeys(list: Windows, onDelete: ((row: Listed) => void) | undefined): void {
  const router = useRouter();
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (!isFree(event)) return;
    if (event.key === "j") return move("ArrowDown");
    if (event.key === "k") return move("ArrowUp");
    const row = list.row(current());
    const to = row && leads(event.key, row);
    if (to) void router.navigate({ href: to });
    else if (row && event.key === "d" && onDelete) onDelete(row);
    else return;
    event.preventDefault();
  });
  usePageKeys(keys);
  useEffect(() => {
    const hear = (event: KeyboardEvent) => press(event);
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, []);
}
