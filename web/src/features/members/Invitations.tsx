import { Mail } from "lucide-react";
import { useMemo, useState } from "react";

import { api } from "../../api/client";
import { refresh, useList } from "../../api/list";
import type { Invitation } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { exact, when } from "../../ui/format";
import { looks, Status } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { grantsText } from "./columns";

const words = t.invitations;

type State = keyof typeof words.states;

const looksOf = { open: looks.pending, taken: looks.done, over: looks.stale } as const;

function stateOf({ used_at, expires_at }: Invitation): State {
  if (used_at) return "taken";
  return Date.parse(expires_at) > Date.now() ? "open" : "over";
}

const whoOf = ({ email }: Invitation) => email || words.anybody;

function Role({ invitation: { role, grants } }: { invitation: Invitation }) {
  const more = grantsText(grants);
  return (
    <span title={more}>
      {t.roles.names[role]}
      {more && <span className="text-muted"> +{grants.length}</span>}
    </span>
  );
}

const what: Column<Invitation>[] = [
  {
    key: "state",
    head: words.state,
    phone: "state",
    cell: (invitation) => {
      const state = stateOf(invitation);
      return <Status look={looksOf[state]}>{words.states[state]}</Status>;
    },
  },
  {
    key: "for",
    head: words.for,
    phone: "name",
    cell: (invitation) => (
      <span title={whoOf(invitation)}>
        <span className="font-medium">{whoOf(invitation)}</span>
        {invitation.used_by && (
          <span className="text-muted"> {words.takenBy(invitation.used_by_name || words.gone)}</span>
        )}
      </span>
    ),
  },
  {
    key: "role",
    head: words.role,
    cell: (invitation) => <Role invitation={invitation} />,
  },
  {
    key: "sub",
    head: "",
    onlyPhone: true,
    phone: "sub",
    cell: (invitation) => (
      <span className="text-muted">
        <Role invitation={invitation} /> · {words.until.toLowerCase()}{" "}
        {when(invitation.expires_at, Date.now())}
      </span>
    ),
  },
  {
    key: "by",
    head: words.by,
    from: "lg",
    cell: ({ invited_by_name }) => (
      <span className="block max-w-40 clip text-muted" title={invited_by_name}>
        {invited_by_name || words.gone}
      </span>
    ),
  },
  {
    key: "until",
    head: words.until,
    num: true,
    cell: ({ expires_at }) => (
      <span className="text-muted" title={exact(expires_at)}>
        {when(expires_at, Date.now())}
      </span>
    ),
  },
];

const columns = (onRemove: (invitation: Invitation) => void): Column<Invitation>[] => [
  ...what,
  {
    key: "acts",
    head: <span className="sr-only">{words.actions}</span>,
    num: true,
    phone: "end",
    cell: (invitation) => {
      const open = stateOf(invitation) === "open";
      const who = whoOf(invitation);
      return (
        <Button
          size="small"
          aria-label={open ? words.takeBackOf(who) : words.forgetOf(who)}
          onClick={() => onRemove(invitation)}
        >
          {open ? words.takeBack : words.forget}
        </Button>
      );
    },
  },
];

/** Who is invited, and who came. */
export function Invitations() {
  const [asking, setAsking] = useState<Invitation>();
  const list = useList<Invitation>("/api/v1/invitations");
  const remove = api.useMutation("delete", "/api/v1/invitations/{id}", {
    onSuccess: () => {
      toast({ title: asking ? words.takenBack : words.forgotten });
      setAsking(undefined);
      return refresh("invitations");
    },
  });
  const { mutate, reset } = remove;
  const defs = useMemo(
    () =>
      columns((invitation) => {
        reset();
        if (stateOf(invitation) === "open") setAsking(invitation);
        else mutate({ params: { path: { id: invitation.id } } });
      }),
    [mutate, reset],
  );
  return (
    <Loaded of={list} failed={words.loadFailed}>
      {!asking && <FormProblem error={remove.error} />}
      <Table
        label={words.title}
        columns={defs}
        rows={list.rows}
        id={(invitation) => invitation.id}
        onEnd={list.more}
        empty={
          <Empty icon={<Mail className="icon" aria-hidden="true" />} title={words.empty}>
            {words.emptyBody}
          </Empty>
        }
      />
      {asking && (
        <Confirm
          open
          onClose={() => setAsking(undefined)}
          onConfirm={() => mutate({ params: { path: { id: asking.id } } })}
          title={words.takeBackTitle(whoOf(asking))}
          lead={words.takeBackLead}
          action={words.takeBack}
          busy={remove.isPending}
        >
          <FormProblem error={remove.error} />
        </Confirm>
      )}
    </Loaded>
  );
}
