import type { NoEntry } from "../api/session";
import { inTenant } from "../api/tenant";
import { t } from "../locales";
import { Button, buttonClass } from "../ui/Button";
import { Lone } from "./Lone";
import { useSignOut } from "./MorePage";

/** The address names a tenant that the person may not enter. */
export function NoEntryPage({ error: { asked, home, problem } }: { error: NoEntry }) {
  const signOut = useSignOut();
  const words = t.layout.tenant;
  const suspended = problem.code === "tenant.suspended";
  return (
    <Lone
      page={words.noEntryPage}
      title={suspended ? words.suspended(asked) : words.noEntry(asked)}
      lead={suspended ? words.suspendedLead : words.noEntryLead}
    >
      <div className="grid gap-2">
        {home && (
          <a className={buttonClass({ kind: "primary", size: "large" })} href={inTenant(home.id)}>
            {words.goTo(home.name)}
          </a>
        )}
        <Button size="large" onClick={() => void signOut()}>
          {t.layout.signOut}
        </Button>
      </div>
    </Lone>
  );
}
