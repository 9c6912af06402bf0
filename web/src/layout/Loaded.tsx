import type { ReactNode } from "react";

import { t } from "../locales";
import { Skeleton } from "../ui/Empty";
import { ProblemPage } from "./Problem";

interface LoadedProps {
  /** What is being fetched. */
  of: { error: unknown; loading: boolean; retry: () => void };
  /** What to say when it cannot be: "The servers could not be loaded". */
  failed: string;
  /** How many lines the place of what comes has. */
  lines?: number;
  children: ReactNode;
}

/** What was fetched; until then its shape, and when it cannot be, why. */
export function Loaded({ of, failed, lines = 5, children }: LoadedProps) {
  if (of.error) return <ProblemPage error={of.error} title={failed} onRetry={of.retry} />;
  if (of.loading) return <Skeleton label={t.ui.loading} lines={lines} />;
  return children;
}
