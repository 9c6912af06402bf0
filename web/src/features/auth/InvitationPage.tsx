import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import type { components } from "../../api/schema";
import { forget, meQuery } from "../../api/session";
import { waysQuery } from "../../api/ways";
import { Lone } from "../../layout/Lone";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Skeleton } from "../../ui/Empty";
import { Facts } from "../../ui/Facts";
import { exact } from "../../ui/format";
import { DeadLink, isDead } from "./DeadLink";
import { Or } from "./Or";
import { Register } from "./Register";
import { invitation, useToken } from "./token";
import { useArrive } from "./useArrive";
import { Providers } from "./Ways";

const words = t.auth.invitation;

type Offer = components["schemas"]["InvitationOffer"];

const isRole = (role: string): role is keyof typeof words.roles => role in words.roles;

function About({ offer }: { offer: Offer }) {
  return (
    <Facts
      facts={[
        [words.role, isRole(offer.role) ? words.roles[offer.role] : offer.role],
        [words.mail, offer.email],
        [words.until, exact(offer.expires_at)],
      ]}
    />
  );
}

// For who is signed in already.
function Join({ token, name }: { token: string; name: string | undefined }) {
  const me = useQuery({ ...meQuery(), enabled: false }).data;
  const accept = api.useMutation("post", "/api/v1/auth/invitation/accept", {
    onSuccess: ({ tenant_id: tenant }) => {
      invitation.forget();
      forget();
      // Loaded anew: what was fetched so far belongs to another tenant.
      location.assign(me && !me.multi_tenancy ? paths.overview() : `/t/${encodeURIComponent(tenant)}/`);
    },
  });
  return (
    <>
      {accept.error && <ProblemBanner error={accept.error} />}
      <Button
        kind="primary"
        size="large"
        busy={accept.isPending}
        onClick={() => accept.mutate({ body: { token } })}
      >
        <span className="clip">{words.join(name)}</span>
      </Button>
    </>
  );
}

// For who is not.
function Begin({ token }: { token: string }) {
  const arrive = useArrive();
  const ways = useQuery(waysQuery()).data;
  if (!ways) return <Skeleton label={t.ui.loading} lines={3} />;
  return (
    <>
      {ways.password && (
        <>
          <Register
            token={token}
            onAnswer={({ user }) => {
              invitation.forget();
              arrive(user, paths.overview());
            }}
          />
          <Or />
        </>
      )}
      <div className="grid gap-2">
        <Providers next={paths.overview()} invitation={token} />
        <Link className={buttonClass({ size: "large" })} to={paths.signIn(paths.invitation())}>
          {words.signIn}
        </Link>
      </div>
    </>
  );
}

function Accept({ token }: { token: string }) {
  const me = useQuery(meQuery());
  if (me.isPending) return <Skeleton label={t.ui.loading} lines={3} />;
  const nobody = me.error !== null && toProblem(me.error).status === 401;
  return nobody ? <Begin token={token} /> : <Join token={token} name={me.data?.user.username} />;
}

function useOffer(token: string) {
  const { mutate, data: offer, error } = api.useMutation("post", "/api/v1/auth/invitation");
  const ask = useCallback(() => mutate({ body: { token } }), [mutate, token]);
  useEffect(() => {
    if (token) ask();
  }, [ask, token]);
  const problem = error ? toProblem(error) : undefined;
  const dead = !token || isDead(problem);
  useEffect(() => {
    if (dead) invitation.forget();
  }, [dead]);
  return { offer, problem, dead, ask };
}

/** Who invites one, to what, and the ways to accept it. */
export function InvitationPage() {
  const token = useToken(invitation.take);
  const { offer, problem, dead, ask } = useOffer(token);
  if (dead) return <DeadLink page={words.page} problem={problem} />;
  if (!offer)
    return (
      <Lone page={words.page} title={words.page}>
        {problem ? (
          <ProblemBanner error={problem} onRetry={ask} />
        ) : (
          <Skeleton label={t.ui.loading} lines={4} />
        )}
      </Lone>
    );
  return (
    <Lone page={words.page} title={words.title(offer.tenant_name)} lead={words.lead(offer.inviter)}>
      <About offer={offer} />
      <Accept token={token} />
    </Lone>
  );
}
