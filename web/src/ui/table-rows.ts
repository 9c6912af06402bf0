import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useLayoutEffect, useState } from "react";

const enough = 80; // shorter lists are drawn whole

interface Options {
  body: RefObject<HTMLTableSectionElement | null>;
  count: number;
  dense: boolean;
}

/** Which rows are drawn, and how much space stands for the others. */
export interface Rows {
  first: number;
  last: number;
  before: number;
  after: number;
}

const phone = () => matchMedia("(max-width: 44.99rem)").matches;

/** The rows in sight of the window. */
export function useRows({ body, count, dense }: Options): Rows {
  const [top, setTop] = useState(0);
  const virtual = count > enough;
  useLayoutEffect(() => {
    if (virtual && body.current) setTop(body.current.getBoundingClientRect().top + window.scrollY);
  }, [virtual, body]);
  const virtualizer = useWindowVirtualizer({
    count,
    enabled: virtual,
    estimateSize: () => (phone() ? 57 : dense ? 33 : 37),
    overscan: 12,
    scrollMargin: top,
  });
  if (!virtual) return { first: 0, last: count, before: 0, after: 0 };
  const items = virtualizer.getVirtualItems();
  const first = items[0];
  const last = items[items.length - 1];
  if (!first || !last) return { first: 0, last: Math.min(count, enough), before: 0, after: 0 };
  return {
    first: first.index,
    last: last.index + 1,
    before: first.start - top,
    after: virtualizer.getTotalSize() - (last.end - top),
  };
}
