import { type RefObject, useCallback, useSyncExternalStore } from "react";

const step = 8; // rows are drawn anew every eight of them, not at every pixel
const beyond = 4; // drawn above and below what is in sight

/** The rows that are drawn, of `total`: the first, and the one after the last. */
export function span(
  top: number,
  view: number,
  height: number,
  total: number,
): readonly [first: number, last: number] {
  const floor = (row: number) => Math.floor(row / step) * step;
  const first = Math.max(0, floor(top / height) - beyond);
  const last = floor((top + view) / height) + step + beyond;
  return [Math.min(first, floor(Math.max(0, total - 1))), Math.min(total, Math.max(0, last))];
}

const none: readonly [number, number] = [0, 0];

/** The rows of a list in sight, wherever it is scrolled; its rows are all `height` px high. */
export function useSpan(
  body: RefObject<HTMLElement | null>,
  total: number,
  height: number,
): readonly [first: number, last: number] {
  const subscribe = useCallback((tell: () => void) => {
    // Whatever scrolls, the page or a place within it: a scroll event does not bubble, but is caught.
    const passive = { passive: true, capture: true } as const;
    document.addEventListener("scroll", tell, passive);
    addEventListener("resize", tell);
    tell();
    return () => {
      document.removeEventListener("scroll", tell, passive);
      removeEventListener("resize", tell);
    };
  }, []);
  const text = useSyncExternalStore(subscribe, () => {
    const top = body.current ? -body.current.getBoundingClientRect().top : 0;
    return span(top, innerHeight, height, total).join();
  });
  const [first = 0, last = 0] = text.split(",").map(Number);
  return total === 0 ? none : [first, last];
}

const query = (text: string) => ({
  subscribe(tell: () => void) {
    const media = matchMedia(text);
    media.addEventListener("change", tell);
    return () => media.removeEventListener("change", tell);
  },
  get: () => matchMedia(text).matches,
});

const phone = query("(max-width: 44.99rem)");
const narrow = query("(max-width: 63.99rem)");
const usual = query("(max-width: 93.74rem)");

/** How wide the window is, in the steps that the design knows. */
export type Width = "phone" | "md" | "lg" | "xl";

/** The width of the window, again when it crosses a step. */
export function useWidth(): Width {
  const small = useSyncExternalStore(phone.subscribe, phone.get);
  const medium = useSyncExternalStore(narrow.subscribe, narrow.get);
  const large = useSyncExternalStore(usual.subscribe, usual.get);
  if (small) return "phone";
  if (medium) return "md";
  return large ? "lg" : "xl";
}

/** How many pixels a row has: its height is in rem, so that the reader's size of text counts. */
export function rowHeight(width: Width): number {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  return (width === "phone" ? 3.5 : 2) * rem;
}
