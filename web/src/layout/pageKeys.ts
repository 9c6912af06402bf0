import { useEffect } from "react";

/** A key of a page: what is pressed, and what it does. */
export type PageKey = readonly [keys: readonly string[], what: string];

let shown: readonly PageKey[] = [];

/** The keys of the page that is shown, for the list of keys. */
export const pageKeys = (): readonly PageKey[] => shown;

/** Whether a key that is pressed there is not a letter of a text, nor meant for a dialog. */
export const isFree = ({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean =>
  !(ctrlKey || metaKey || altKey) &&
  !(
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  ) &&
  !document.querySelector("[role=dialog], [role=menu]");

/** Names the keys of a page for as long as it is shown. */
export function usePageKeys(keys: readonly PageKey[]): void {
  useEffect(() => {
    shown = keys;
    return () => {
      shown = [];
    };
  }, [keys]);
}
