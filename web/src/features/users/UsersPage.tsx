import { UserPlus } from "lucide-react";
import { useMemo, useState } from "react";

import { useList } from "../../api/list";
import { useMay, useMe } from "../../api/may";
import type { UserRow } from "../../api/types";
import { FilterInput } from "../../layout/FilterInput";
import { LinkDialog } from "../../layout/LinkDialog";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Segmented } from "../../ui/Segmented";
import { Table } from "../../ui/Table";
import { columns } from "./columns";
import { CreateUser } from "./CreateUser";
import { EditUser } from "./EditUser";
import { Ask, type Wish } from "./UserMenu";

const words = t.users;
const sorts = ["name", "newest"] as const;

function useDefs(onEdit: (user: UserRow) => void, onWish: (wish: Wish) => void) {
  const me = useMe();
  const many = me?.multi_tenancy ?? false;
  const here = me?.tenant.id ?? "";
  return useMemo(() => columns({ many, here, onEdit, onWish }), [many, here, onEdit, onWish]);
}

function Granted({ wish, onClose }: { wish: Wish; onClose: () => void }) {
  if (wish.kind !== "link") return <Ask kind={wish.kind} user={wish.user} onClose={onClose} />;
  const { user, link } = wish;
  return (
    <LinkDialog title={words.resetTitle(user.username)} link={link} email={user.email} onClose={onClose} />
  );
}

/** Every account of the appliance. */
export function UsersPage() {
  const [url, setUrl] = useUrl();
  const may = useMay("users.write");
  const [adding, setAdding] = useState(false);
  const [editing, setEditing] = useState<UserRow>();
  const [wish, setWish] = useState<Wish>();
  const q = url.get("q") ?? "";
  const sort = sorts.find((each) => each === url.get("sort")) ?? "name";
  const list = useList<UserRow>("/api/v1/users", { q: q || undefined, sort });
  const defs = useDefs(setEditing, setWish);
  const add = (
    <Button
      kind="primary"
      disabled={!may}
      icon={<UserPlus className="icon" aria-hidden="true" />}
      onClick={() => setAdding(true)}
    >
      {words.add}
    </Button>
  );
  return (
    <SettingsPage title={words.title} lead={words.lead} action={add}>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <div className="w-60 max-md:w-full">
          <FilterInput label={words.filter} value={q} onChange={(text) => setUrl({ q: text })} />
        </div>
        <Segmented
          label={words.sort}
          value={sort}
          onChange={(next) => setUrl({ sort: next === "name" ? undefined : next })}
          options={sorts.map((value) => ({ value, label: words.sorts[value] }))}
        />
      </div>
      <Loaded of={list} failed={words.loadFailed}>
        <Table
          label={words.title}
          columns={defs}
          rows={list.rows}
          id={(user) => user.id}
          onEnd={list.more}
          empty={
            <Empty
              title={words.none}
              action={<Button onClick={() => setUrl({ q: undefined })}>{words.clear}</Button>}
            />
          }
        />
      </Loaded>
      {adding && (
        <CreateUser
          onClose={() => setAdding(false)}
          onLink={(user, link) => setWish({ kind: "link", user, link })}
        />
      )}
      {editing && <EditUser user={editing} onClose={() => setEditing(undefined)} />}
      {wish && <Granted wish={wish} onClose={() => setWish(undefined)} />}
    </SettingsPage>
  );
}
