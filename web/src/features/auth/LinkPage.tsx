import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { Lone } from "../../layout/Lone";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { DeadLink, isDead } from "./DeadLink";
import { useToken } from "./token";
import { useArrive } from "./useArrive";

const words = t.auth.link;

/** Signs in by a link that works once: at a press, since what scans mails opens links, too. */
export function LinkPage() {
  const arrive = useArrive();
  const token = useToken();
  const signIn = api.useMutation("post", "/api/v1/auth/sign-in-link", {
    onSuccess: ({ user }) => arrive(user, paths.overview()),
  });
  const problem = signIn.error ? toProblem(signIn.error) : undefined;
  if (!token || isDead(problem)) return <DeadLink page={words.page} problem={problem} />;
  return (
    <Lone page={words.page} title={words.title} lead={words.lead}>
      {problem && <ProblemBanner error={problem} />}
      <Button
        kind="primary"
        size="large"
        autoFocus
        busy={signIn.isPending}
        onClick={() => signIn.mutate({ body: { token } })}
      >
        {words.submit}
      </Button>
    </Lone>
  );
}
