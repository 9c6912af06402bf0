import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import { areas, settingsPages } from "./areas";

interface Actions {
  onSearch: () => void;
  onHelp: () => void;
}

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Where a key leads after g. */
export const goes: readonly { label: string; to: string; key: string }[] = [
  ...areas,
  ...settingsPages,
].flatMap(({ label, to, key }) => (key ? [{ label, to, key }] : []));

/** Puts the cursor into the filter of the list, if the page has one. */
function filter(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>("input[data-filter]");
  if (!field) return;
  event.preventDefault();
  field.focus();
}

/** Keys of the whole product: Ctrl K, ?, / and g followed by a letter. */
export function useKeys({ onSearch, onHelp }: Actions): void {
  const router = useRouter();
  const actions = useRef({ onSearch, onHelp });
  useEffect(() => {
    actions.current = { onSearch, onHelp };
  });
  useEffect(() => {
    let begun = Number.NEGATIVE_INFINITY; // when g was pressed
    const go = (event: KeyboardEvent) => {
      begun = Number.NEGATIVE_INFINITY;
      const there = goes.find((each) => each.key === event.key);
      if (!there) return;
      event.preventDefault();
      void router.navigate({ href: there.to });
    };
    const press = (event: KeyboardEvent) => {
      const command = event.ctrlKey || event.metaKey;
      if (command && event.key.toLowerCase() === "k") {
        event.preventDefault();
        actions.current.onSearch();
      }
      if (command || event.altKey || typing(event.target) || document.querySelector("[role=dialog]")) return;
      if (event.timeStamp - begun < 1500) go(event);
      else if (event.key === "g") begun = event.timeStamp;
      else if (event.key === "?") actions.current.onHelp();
      else if (event.key === "/") filter(event);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [router]);
}
