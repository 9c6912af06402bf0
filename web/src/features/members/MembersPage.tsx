import { UserPlus, Users } from "lucide-react";
import { useMemo, useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import { useMay, useMe } from "../../api/may";
import type { Member } from "../../api/types";
import { FilterInput } from "../../layout/FilterInput";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { useOwnRole } from "../../layout/roles";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Segmented } from "../../ui/Segmented";
import { Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { columns } from "./columns";
import { Invitations } from "./Invitations";
import { InviteDialog } from "./InviteDialog";
import { MemberDialog } from "./MemberDialog";

const words = t.members;

function Remove({ member, onClose }: { member: Member; onClose: () => void }) {
  const remove = api.useMutation("delete", "/api/v1/members/{user}", {
    onSuccess: () => {
      toast({ title: words.removed(member.username) });
      onClose();
      return refresh("members");
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => remove.mutate({ params: { path: { user: member.user_id } } })}
      title={words.removeTitle(member.username)}
      lead={words.removeLead}
      action={words.removeAction(member.username)}
      busy={remove.isPending}
    >
      <FormProblem error={remove.error} />
    </Confirm>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) return <Empty title={words.none} action={<Button onClick={onClear}>{words.clear}</Button>} />;
  return (
    <Empty icon={<Users className="icon" aria-hidden="true" />} title={words.empty}>
      {words.emptyBody}
    </Empty>
  );
}

interface ListProps {
  q: string;
  grantable: readonly string[];
  members: readonly Member[];
  onClear: () => void;
}

function List({ q, grantable, members, onClear }: ListProps) {
  const may = useMay("members.write");
  const own = useOwnRole();
  const me = useMe()?.user.id ?? "";
  const [editing, setEditing] = useState<Member>();
  const [removing, setRemoving] = useState<Member>();
  const defs = useMemo(
    () => columns({ me, own, may, onEdit: setEditing, onRemove: setRemoving }),
    [me, own, may],
  );
  const rows = useMemo(() => {
    const low = q.toLowerCase();
    return members.filter((member) => member.username.toLowerCase().includes(low));
  }, [members, q]);
  return (
    <>
      <Table
        label={words.title}
        columns={defs}
        rows={rows}
        id={(member) => member.user_id}
        empty={<Nothing filtered={q !== ""} onClear={onClear} />}
      />
      {editing && (
        <MemberDialog member={editing} grantable={grantable} onClose={() => setEditing(undefined)} />
      )}
      {removing && <Remove member={removing} onClose={() => setRemoving(undefined)} />}
    </>
  );
}

const views = ["members", "invitations"] as const;
const none: readonly string[] = [];

type View = (typeof views)[number];

interface ToolsProps {
  view: View;
  q: string;
  onChange: (change: { view?: string | undefined; q?: string }) => void;
}

function Tools({ view, q, onChange }: ToolsProps) {
  const may = useMay("members.write");
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      {may && (
        <Segmented
          label={words.view}
          value={view}
          onChange={(next) => onChange({ view: next === "members" ? undefined : next })}
          options={views.map((value) => ({ value, label: words.views[value] }))}
        />
      )}
      {view === "members" && (
        <div className="w-60 max-md:w-full">
          <FilterInput label={words.filter} value={q} onChange={(text) => onChange({ q: text })} />
        </div>
      )}
    </div>
  );
}

/** The way to invite somebody, for those who may. */
function Invite({ grantable }: { grantable: readonly string[] }) {
  const [inviting, setInviting] = useState(false);
  return (
    <>
      <Button
        kind="primary"
        icon={<UserPlus className="icon" aria-hidden="true" />}
        onClick={() => setInviting(true)}
      >
        {t.invitations.invite}
      </Button>
      {inviting && <InviteDialog grantable={grantable} onClose={() => setInviting(false)} />}
    </>
  );
}

/** Who works here, as what, and who is invited. */
export function MembersPage() {
  const [url, setUrl] = useUrl();
  const me = useMe();
  const may = useMay("members.write");
  const { data, error, isPending, refetch } = api.useQuery("get", "/api/v1/members");
  const view: View = may && url.get("view") === "invitations" ? "invitations" : "members";
  const q = url.get("q") ?? "";
  const grantable = data?.grantable ?? none;
  return (
    <SettingsPage
      title={words.title}
      lead={me?.multi_tenancy ? words.leadOf(me.tenant.name) : words.lead}
      action={may && <Invite grantable={grantable} />}
    >
      <Tools view={view} q={q} onChange={setUrl} />
      {view === "invitations" ? (
        <Invitations />
      ) : (
        <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={words.loadFailed}>
          <List
            q={q}
            grantable={grantable}
            members={data?.items ?? []}
            onClear={() => setUrl({ q: undefined })}
          />
        </Loaded>
      )}
    </SettingsPage>
  );
}
