import { lazy, Suspense, useSyncExternalStore } from "react";

import { asked } from "../api/proof";

const StepUpDialog = lazy(() => import("./StepUpDialog").then((m) => ({ default: m.StepUpDialog })));

/** Where the person is asked to confirm that it is them; once, around nothing. */
export function StepUp() {
  if (!useSyncExternalStore(asked.subscribe, asked.now)) return null;
  return (
    <Suspense>
      <StepUpDialog />
    </Suspense>
  );
}
