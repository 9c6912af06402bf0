import { toProblem } from "../api/errors";
import { t } from "../locales";
import { Banner } from "../ui/Banner";
import { Button } from "../ui/Button";
import { ProblemBanner } from "./Problem";

interface FormProblemProps {
  error: unknown;
  /** The fields that show their own errors. */
  fields?: readonly string[] | undefined;
  /** Fills the form with what the thing is now. */
  onReload?: (() => void) | undefined;
}

/** What went wrong with a form as a whole. What its fields say themselves is left to them. */
export function FormProblem({ error, fields = [], onReload }: FormProblemProps) {
  if (!error) return null;
  const problem = toProblem(error);
  if (problem.status === 412 && onReload) {
    return (
      <Banner
        look="warning"
        title={t.layout.problem.stale}
        action={
          <Button size="small" onClick={onReload}>
            {t.layout.problem.reload}
          </Button>
        }
      />
    );
  }
  if (
    problem.fields.length > 0 &&
    problem.fields.every((each) => fields.includes(each.field.replace(/^body\./, "")))
  )
    return null;
  return <ProblemBanner error={error} />;
}
