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

/** Keys of the whole product: Ctrl K, ?, / and g followed by a letter. */
export function useKeys({ onSearch, onHelp }: Actions): void {
  const router = useRouter();
  const actions = useRef({ onSearch, onHelp });
  useEffect(() => {
    actions.current = { onSearch, onHelp };
  });
  useEffect(() => {
    let begun = 0; // when g was pressed
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        actions.current.onSearch();
        return;
      }
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        typing(event.target) ||
        document.querySelector("[role=dialog]")
      )
        return;
      if (event.timeStamp - begun < 1500) {
        begun = 0;
        const there = goes.find((each) => each.key === event.key);
        if (there) {
          event.preventDefault();
          void router.navigate({ href: there.to });
        }
        return;
      }
      if (event.key === "g") begun = event.timeStamp;
      else if (event.key === "?") actions.current.onHelp();
      else if (event.key === "/") {
        const filter = document.querySelector<HTMLInputElement>("input[data-filter]");
        if (filter) {
          event.preventDefault();
          filter.focus();
        }
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [router]);
}
