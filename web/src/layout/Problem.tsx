import type { ReactNode } from "react";

import { type Problem, toProblem } from "../api/errors";
import { notConfirmed } from "../api/send";
import { t } from "../locales";
import { Banner } from "../ui/Banner";
import { Button } from "../ui/Button";
import { Code } from "../ui/Code";
import { Empty } from "../ui/Empty";
import { Mark } from "../ui/mark";
import { toast } from "../ui/Toast";

/** Whether the person gave it up themselves: that is no failure, and needs no code. */
const givenUp = (problem: Problem) => problem.code === notConfirmed;

interface ProblemProps {
  error: unknown;
  /** What was tried: "The servers could not be loaded". */
  title?: string;
  onRetry?: (() => void) | undefined;
  action?: ReactNode;
}

/** A whole place that could not be filled: what, why, the next step, and the code. */
export function ProblemPage({ error, title, onRetry, action }: ProblemProps) {
  const problem = toProblem(error);
  return (
    <Empty
      alert
      icon={<Mark shape="diamond" tone="critical" />}
      title={title ?? t.layout.problem.title}
      action={
        (action || onRetry) && (
          <>
            {action}
            {onRetry && <Button onClick={onRetry}>{t.layout.problem.retry}</Button>}
          </>
        )
      }
      hint={<Code code={problem.code} requestID={problem.requestID} />}
    >
      {problem.detail}
    </Empty>
  );
}

/** A problem inside a form or above a page. */
export function ProblemBanner({ error, title, onRetry }: ProblemProps) {
  const problem = toProblem(error);
  if (givenUp(problem)) return <Banner look="info" title={problem.detail} />;
  return (
    <Banner
      look="critical"
      title={problem.detail}
      action={
        onRetry && (
          <Button size="small" onClick={onRetry}>
            {t.layout.problem.retry}
          </Button>
        )
      }
    >
      {title} <Code code={problem.code} requestID={problem.requestID} />
    </Banner>
  );
}

/** A problem of something done in passing. */
export function toastProblem(title: string, error: unknown): void {
  const problem = toProblem(error);
  if (givenUp(problem)) return toast({ look: "info", title: problem.detail });
  toast({
    look: "critical",
    title,
    body: (
      <>
        {problem.status === 412 ? t.layout.problem.stale : problem.detail}{" "}
        <Code code={problem.code} requestID={problem.requestID} />
      </>
    ),
  });
}
