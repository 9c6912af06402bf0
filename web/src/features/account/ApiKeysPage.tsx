import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import type { components } from "../../api/schema";
import { meQuery } from "../../api/session";
import { ProblemPage, toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty, Skeleton } from "../../ui/Empty";
import { day, exact } from "../../ui/format";
import { Status } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import { ApiKeyDialog, type NewKey } from "./ApiKeyDialog";
import { NewKeyDialog } from "./NewKeyDialog";
import { permissionName } from "./permissions";

const words = t.apiKeys;

type ApiKey = components["schemas"]["ApiKey"];

function Ends({ at }: { at: string | null }) {
  if (!at) return <span className="text-muted">{words.never}</span>;
  if (Date.parse(at) <= Date.now()) return <Status look="stale">{words.expired}</Status>;
  return (
    <time className="text-muted" dateTime={at} title={exact(at)}>
      {day(at)}
    </time>
  );
}

const whose: Column<ApiKey> = {
  key: "who",
  head: words.who,
  cell: (key) => <span className="text-muted">{key.user_name}</span>,
};

function columns(others: boolean, remove: (key: ApiKey) => void): Column<ApiKey>[] {
  return [
    {
      key: "name",
      head: words.name,
      phone: "name",
      cell: (key) => (
        <span className="font-medium" title={key.name}>
          {key.name}
        </span>
      ),
    },
    {
      key: "hint",
      head: words.key,
      phone: "sub",
      cell: (key) => <code className="text-muted">uk_…{key.hint}</code>,
    },
    ...(others ? [whose] : []),
    {
      key: "may",
      head: words.may,
      cell: (key) => (
        <span className="text-muted" title={key.permissions.map(permissionName).join("\n")}>
          {words.permissions(key.permissions.length)}
        </span>
      ),
    },
    {
      key: "expires",
      head: words.expires,
      num: true,
      phone: "end",
      cell: (key) => <Ends at={key.expires_at} />,
    },
    {
      key: "used",
      head: words.used,
      num: true,
      from: "lg",
      cell: (key) => <Time at={key.used_at} ago={key.used_at !== null} className="text-muted" />,
    },
    {
      key: "delete",
      head: <span className="sr-only">{words.delete}</span>,
      num: true,
      phone: "state",
      cell: (key) => (
        <Button size="small" aria-label={words.deleteOf(key.name)} onClick={() => remove(key)}>
          {words.delete}
        </Button>
      ),
    },
  ];
}

function useDelete(onDone: () => void) {
  return api.useMutation("delete", "/api/v1/auth/api-keys/{id}", {
    onSuccess: () => {
      toast({ title: words.deleted });
      onDone();
      return refresh("auth/api-keys");
    },
    onError: (error) => toastProblem(words.deleteFailed, error),
  });
}

/** Keys with which programs act for the person; where they see to members, everybody's. */
export function ApiKeysPage() {
  const me = useQuery(meQuery()).data;
  const { data, error, isPending, refetch } = api.useQuery("get", "/api/v1/auth/api-keys");
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<NewKey>();
  const [asking, setAsking] = useState<ApiKey>();
  const remove = useDelete(() => setAsking(undefined));
  const others = data?.items.some((key) => key.user_id !== me?.user.id) ?? false;
  const defs = useMemo(() => columns(others, setAsking), [others]);
  const add = (
    <Button
      kind="primary"
      icon={<Plus className="icon" aria-hidden="true" />}
      onClick={() => setAdding(true)}
    >
      {words.add}
    </Button>
  );
  return (
    <SettingsPage title={words.title} lead={words.lead} action={add}>
      {error && <ProblemPage error={error} title={words.loadFailed} onRetry={() => void refetch()} />}
      {isPending && <Skeleton label={t.ui.loading} lines={3} />}
      {data && (
        <Table
          label={words.title}
          columns={defs}
          rows={data.items}
          id={(key) => key.id}
          empty={
            <Empty icon={<KeyRound className="icon" aria-hidden="true" />} title={words.empty}>
              {words.emptyBody}
            </Empty>
          }
        />
      )}
      {adding && me && (
        <ApiKeyDialog
          permissions={me.permissions}
          onClose={() => setAdding(false)}
          onDone={(key) => {
            setAdding(false);
            setMade(key);
          }}
        />
      )}
      {made && <NewKeyDialog made={made} onClose={() => setMade(undefined)} />}
      <Confirm
        open={asking !== undefined}
        onClose={() => setAsking(undefined)}
        onConfirm={() => asking && remove.mutate({ params: { path: { id: asking.id } } })}
        title={words.deleteTitle(asking?.name ?? "")}
        lead={words.deleteLead}
        action={words.deleteAction}
        busy={remove.isPending}
      />
    </SettingsPage>
  );
}
