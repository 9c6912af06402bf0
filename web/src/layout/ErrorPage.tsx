import type { ErrorComponentProps } from "@tanstack/react-router";
import { Link } from "@tanstack/react-router";
import { FileQuestion } from "lucide-react";
import { lazy, Suspense } from "react";

import { NoEntry } from "../api/session";
import { t } from "../locales";
import { paths } from "../paths";
import { Banner } from "../ui/Banner";
import { Button, buttonClass } from "../ui/Button";
import { Empty } from "../ui/Empty";
import { Page } from "./Page";
import { ProblemPage } from "./Problem";

const NoEntryPage = lazy(() => import("./NoEntryPage").then((m) => ({ default: m.NoEntryPage })));

/** What stands where the whole shell would be: the tenant is not for this person, or something failed. */
export function ShellErrorPage(props: ErrorComponentProps) {
  const { error } = props;
  if (!(error instanceof NoEntry)) return <CrashPage {...props} />;
  return (
    <Suspense>
      <NoEntryPage error={error} />
    </Suspense>
  );
}

/** A page that threw. A chunk that is gone means that the server was updated meanwhile. */
export function CrashPage({ error, reset }: ErrorComponentProps) {
  if (/dynamically imported module|Importing a module script failed/.test(String(error))) {
    return (
      <main className="page">
        <Banner
          look="info"
          title={t.layout.problem.updated}
          action={
            <Button size="small" onClick={() => location.reload()}>
              {t.layout.problem.reload}
            </Button>
          }
        >
          {t.layout.problem.updatedBody}
        </Banner>
      </main>
    );
  }
  return (
    <main className="page">
      <ProblemPage error={error} title={t.layout.problem.crashed} onRetry={reset} />
    </main>
  );
}

function NotFound() {
  return (
    <Empty
      icon={<FileQuestion className="icon" aria-hidden="true" />}
      title={t.layout.problem.notFoundTitle}
      action={
        <Link className={buttonClass()} to={paths.overview()}>
          {t.layout.problem.back}
        </Link>
      }
    >
      {t.layout.problem.notFound}
    </Empty>
  );
}

/** An address that leads nowhere, for those who are signed in. */
export function NotFoundPage() {
  return (
    <Page title={t.layout.problem.notFoundTitle}>
      <NotFound />
    </Page>
  );
}

/** An address that leads nowhere, outside of everything. */
export function LostPage() {
  return (
    <main className="page">
      <NotFound />
    </main>
  );
}
