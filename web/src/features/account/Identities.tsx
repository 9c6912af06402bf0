import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, request } from "../../api/client";
import { refresh } from "../../api/list";
import type { Got } from "../../api/types";
import { goTo, waysQuery } from "../../api/ways";
import { toastProblem } from "../../layout/Problem";
import { t } from "../../locales";
import { paths } from "../../paths";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Section } from "../../ui/Facts";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import { Way } from "./Way";

const words = t.factors.identities;

/** The person as an identity provider knows them. */
type Identity = Got<"/api/v1/auth/identities">["items"][number];

function useUnlink(onDone: () => void) {
  return useMutation({
    mutationFn: (id: string) => request.DELETE("/api/v1/auth/identities/{id}", { params: { path: { id } } }),
    onSuccess: () => {
      toast({ title: words.unlinked });
      onDone();
      return refresh("auth");
    },
    onError: (error) => toastProblem(words.unlinkFailed, error),
  });
}

/** Identity providers through which the person signs in. */
export function Identities() {
  const [asking, setAsking] = useState<Identity>();
  const providers = useQuery(waysQuery()).data?.items ?? [];
  const identities = api.useQuery("get", "/api/v1/auth/identities").data?.items ?? [];
  const link = useMutation({
    mutationFn: (id: string) => goTo(id, { purpose: "link", next: paths.account() }),
    onError: (error) => toastProblem(words.linkFailed, error),
  });
  const unlink = useUnlink(() => setAsking(undefined));
  const nameOf = (id: string) => providers.find((each) => each.id === id)?.name ?? words.gone;
  const open = providers.filter(({ id }) => !identities.some((each) => each.provider_id === id));
  if (providers.length === 0 && identities.length === 0) return null;
  return (
    <Section title={words.title}>
      <p className="mb-2 text-muted">{words.lead}</p>
      <ul className="rows">
        {identities.map((identity) => (
          <Way
            key={identity.id}
            name={nameOf(identity.provider_id)}
            about={
              <>
                {identity.name} · {words.used} <Time at={identity.seen_at} ago />
              </>
            }
          >
            <Button
              size="small"
              aria-label={words.unlinkOf(nameOf(identity.provider_id))}
              onClick={() => setAsking(identity)}
            >
              {words.unlink}
            </Button>
          </Way>
        ))}
        {open.map(({ id, name }) => (
          <Way key={id} name={name} about={words.notLinked}>
            <Button
              size="small"
              aria-label={words.linkOf(name)}
              busy={link.isPending && link.variables === id}
              onClick={() => link.mutate(id)}
            >
              {words.link}
            </Button>
          </Way>
        ))}
      </ul>
      <Confirm
        open={asking !== undefined}
        onClose={() => setAsking(undefined)}
        onConfirm={() => asking && unlink.mutate(asking.id)}
        title={words.unlinkTitle(nameOf(asking?.provider_id ?? ""))}
        lead={words.unlinkLead}
        action={words.unlink}
        busy={unlink.isPending}
      />
    </Section>
  );
}
