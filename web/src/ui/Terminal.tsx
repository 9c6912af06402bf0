import { lazy, Suspense } from "react";

import { t } from "../locales";
import { Skeleton } from "./Empty";
import type { TerminalProps } from "./TerminalScreen";

export type { TerminalState, Write } from "./TerminalScreen";

const Screen = lazy(async () => ({ default: (await import("./TerminalScreen")).TerminalScreen }));

/** A terminal, fetched when the first one is shown. It fills the height it is given. */
export const Terminal = (props: TerminalProps) => (
  <Suspense fallback={<Skeleton label={t.ui.loading} />}>
    <Screen {...props} />
  </Suspense>
);
