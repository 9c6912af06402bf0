import { useState } from "react";

import { api } from "../../api/client";
import type { Provider, Trial } from "../../api/types";
import { toProblem } from "../../api/errors";
import { useMe } from "../../api/may";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { p } from "../../locales/providers";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Facts } from "../../ui/Facts";
import { Textarea } from "../../ui/Field";
import { looks, Mark } from "../../ui/mark";

const words = p.trial;

function Verdict({ good, title, children }: { good: boolean; title: string; children?: string | undefined }) {
  const { shape, tone } = good ? looks.done : looks.warning;
  return (
    <p className="flex gap-2">
      <Mark shape={shape} tone={tone} className="mt-1" />
      <span>
        <span className="font-medium">{title}.</span>{" "}
        {children && <span className="text-muted">{children}</span>}
      </span>
    </p>
  );
}

function useTenantNames(): (id: string) => string {
  const me = useMe();
  return (id) => [...(me?.tenants ?? []), me?.tenant].find((each) => each?.id === id)?.name ?? id;
}

function Result({ trial: { verified, why_not, claims, plan, refusal, message } }: { trial: Trial }) {
  const many = useMe()?.multi_tenancy ?? false;
  const nameOf = useTenantNames();
  const roleOf = ({ role, tenant, source }: Trial["plan"]["grants"][number]) => {
    const name = t.roles.names[role];
    const text = many ? words.roleIn(name, nameOf(tenant)) : name;
    return source === "invitation" ? `${text} (${words.byInvitation})` : text;
  };
  return (
    <div className="grid gap-3" role="status">
      <Verdict good={verified} title={verified ? words.verified : words.unverified}>
        {verified ? words.verifiedBody : why_not}
      </Verdict>
      <Verdict good={!refusal} title={refusal ? words.out : words.in}>
        {message}
      </Verdict>
      <Facts
        facts={[
          [words.user, plan.username || <span className="text-muted">{words.noUser}</span>],
          [words.email, plan.email || <span className="text-muted">{words.noEmail}</span>],
          [
            words.roles,
            plan.grants.length > 0 ? (
              <ul key="roles">
                {plan.grants.map((grant) => (
                  <li key={grant.tenant}>{roleOf(grant)}</li>
                ))}
              </ul>
            ) : (
              <span className="text-muted">{words.noRoles}</span>
            ),
          ],
          [words.ends, plan.ends.map(nameOf).join(", ")],
        ]}
      />
      <details>
        <summary className="cursor-pointer text-muted">{words.claims}</summary>
        <pre className="log mt-2 max-h-60" tabIndex={0} aria-label={words.claims}>
          {JSON.stringify(claims, null, 2)}
        </pre>
      </details>
    </div>
  );
}

/** Shows what a token would bring its owner, and changes nothing. */
export function TrialDialog({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const [token, setToken] = useState("");
  const trial = api.useMutation("post", "/api/v1/providers/{id}/dry-run");
  const problem = trial.error ? toProblem(trial.error) : undefined;
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      onSubmit={() => trial.mutate({ params: { path: { id: provider.id } }, body: { token } })}
      title={words.title(provider.name)}
      lead={words.lead}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.close}</Button>
          <Button kind="primary" type="submit" busy={trial.isPending}>
            {words.run}
          </Button>
        </>
      }
    >
      <Textarea
        mono
        rows={5}
        label={words.token}
        help={words.tokenHelp}
        error={problem?.field("token")}
        required
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <FormProblem error={trial.error} fields={["token"]} />
      {trial.data && !trial.isPending && <Result trial={trial.data} />}
    </Dialog>
  );
}
