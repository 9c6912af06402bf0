import { useRouter } from "@tanstack/react-router";

import type { Problem } from "../../api/errors";
import { Lone } from "../../layout/Lone";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";

/** Whether a link is of no use, so that trying again would be of none either. */
export const isDead = (problem: Problem | undefined): boolean =>
  problem?.code === "auth.link_invalid" || problem?.code === "invitation.invalid";

interface DeadLinkProps {
  page: string;
  /** Missing where the address had no token at all. */
  problem: Problem | undefined;
}

/** A link that was used, has run out, or was cut off on its way. */
export function DeadLink({ page, problem }: DeadLinkProps) {
  const router = useRouter();
  return (
    <Lone page={page} title={t.auth.deadLink.title} lead={problem?.detail ?? t.auth.deadLink.noToken}>
      <Button size="large" onClick={() => router.history.replace(paths.signIn())}>
        {t.auth.deadLink.toSignIn}
      </Button>
    </Lone>
  );
}
