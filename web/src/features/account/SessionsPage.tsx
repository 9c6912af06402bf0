import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { api, request } from "../../api/client";
import { refresh } from "../../api/list";
import type { components } from "../../api/schema";
import { type Provider, waysQuery } from "../../api/ways";
import { ProblemPage, toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Skeleton } from "../../ui/Empty";
import { exact } from "../../ui/format";
import { Badge } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import { agentName } from "./agent";

type Session = components["schemas"]["Session"];

const end = (id: string) => request.DELETE("/api/v1/auth/sessions/{id}", { params: { path: { id } } });

async function endOne(session: Session): Promise<void> {
  try {
    await end(session.id);
    toast({ title: t.sessions.ended, body: agentName(session.agent) });
  } catch (error) {
    toastProblem(t.sessions.endFailed, error);
  }
  await refresh("auth/sessions");
}

interface HowProps {
  session: Session;
  providers: readonly Provider[];
}

function How({ session: { second_factor: second, provider_id: provider }, providers }: HowProps) {
  const name = providers.find(({ id }) => id === provider)?.name ?? t.sessions.provider;
  const ways = [provider && t.sessions.through(name), second && t.sessions.secondFactor];
  return <span className="text-muted">{ways.filter(Boolean).join(", ") || t.sessions.password}</span>;
}

const columns = (providers: readonly Provider[]): Column<Session>[] => [
  {
    key: "agent",
    head: t.sessions.agent,
    phone: "name",
    cell: (session) => (
      <span className="row">
        <span className="clip font-medium" title={session.agent}>
          {agentName(session.agent)}
        </span>
        {session.current && <Badge look="ok">{t.sessions.current}</Badge>}
      </span>
    ),
  },
  {
    key: "address",
    head: t.sessions.address,
    phone: "sub",
    cell: (session) => <code className="text-muted">{session.address}</code>,
  },
  {
    key: "kind",
    head: "",
    cell: (session) => <span className="text-muted">{t.sessions.kind[session.kind]}</span>,
  },
  {
    key: "how",
    head: t.sessions.how,
    from: "lg",
    cell: (session) => <How session={session} providers={providers} />,
  },
  {
    key: "began",
    head: t.sessions.began,
    num: true,
    cell: (session) => <Time at={session.created_at} ago className="text-muted" />,
  },
  {
    key: "expires",
    head: t.sessions.expires,
    num: true,
    from: "xl",
    cell: (session) => <span className="text-muted">{exact(session.expires_at)}</span>,
  },
  {
    key: "seen",
    head: t.sessions.seen,
    num: true,
    phone: "end",
    cell: (session) => <Time at={session.seen_at} ago className="text-muted" />,
  },
  {
    key: "end",
    head: <span className="sr-only">{t.sessions.end}</span>,
    num: true,
    phone: "state",
    cell: (session) =>
      !session.current && (
        <Button
          size="small"
          aria-label={t.sessions.endOf(agentName(session.agent))}
          onClick={() => void endOne(session)}
        >
          {t.sessions.end}
        </Button>
      ),
  },
];

/** Every place the person is signed in, each of which can be ended. */
export function SessionsPage() {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const { data, error, isPending, refetch } = api.useQuery("get", "/api/v1/auth/sessions");
  const providers = useQuery(waysQuery()).data?.items;
  const defs = useMemo(() => columns(providers ?? []), [providers]);
  const others = data?.items.filter((session) => !session.current) ?? [];
  const endOthers = async () => {
    setBusy(true);
    try {
      for (const session of others) await end(session.id);
      toast({ title: t.sessions.endedOthers(others.length) });
    } catch (failed) {
      toastProblem(t.sessions.endFailed, failed);
    }
    setBusy(false);
    setAsking(false);
    await refresh("auth/sessions");
  };
  return (
    <SettingsPage
      title={t.sessions.title}
      lead={t.sessions.lead}
      action={others.length > 0 && <Button onClick={() => setAsking(true)}>{t.sessions.endOthers}</Button>}
    >
      {error && <ProblemPage error={error} title={t.sessions.loadFailed} onRetry={() => void refetch()} />}
      {isPending && <Skeleton label={t.ui.loading} lines={3} />}
      {data && (
        <Table label={t.sessions.title} columns={defs} rows={data.items} id={(session) => session.id} />
      )}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => void endOthers()}
        title={t.sessions.endOthersTitle}
        lead={t.sessions.endOthersLead(others.length)}
        action={t.sessions.endOthers}
        busy={busy}
      />
    </SettingsPage>
  );
}
