import { Link } from "@tanstack/react-router";
import { Building2, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { api } from "../../api/client";
import type { TenantRow } from "../../api/types";
import { refresh } from "../../api/list";
import { useMay, useMe } from "../../api/may";
import { ExportTenant } from "../../layout/ExportTenant";
import { FilterInput } from "../../layout/FilterInput";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { tenants as tenantsWords } from "../../locales/tenants";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { behindPanel, columns } from "./columns";
import { DeleteTenant } from "./DeleteTenant";
import { ImportTenant } from "./ImportTenant";
import { QuotaDialog } from "./QuotaDialog";
import { fits } from "./tenant";
import { TenantDialog } from "./TenantDialog";
import { type Question, TenantPanel } from "./TenantPanel";

const words = tenantsWords;

function Suspend({ tenant, onClose }: { tenant: TenantRow; onClose: () => void }) {
  const { id, name } = tenant;
  const suspend = api.useMutation("post", "/api/v1/tenants/{id}/suspend", {
    onSuccess: () => {
      toast({ title: words.suspend.done(name) });
      onClose();
      return refresh("tenants");
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => suspend.mutate({ params: { path: { id } } })}
      title={words.suspend.title(name)}
      lead={words.suspend.lead}
      action={words.suspend.action(name)}
      busy={suspend.isPending}
    >
      <FormProblem error={suspend.error} />
    </Confirm>
  );
}

const dialogs = {
  edit: TenantDialog,
  quota: QuotaDialog,
  suspend: Suspend,
  export: ({ tenant, onClose }: { tenant: TenantRow; onClose: () => void }) => (
    <ExportTenant id={tenant.id} name={tenant.name} onClose={onClose} />
  ),
  remove: DeleteTenant,
};

function Asked({
  tenant,
  question,
  onClose,
}: {
  tenant: TenantRow;
  question: Question;
  onClose: () => void;
}) {
  const Dialog = dialogs[question];
  return <Dialog tenant={tenant} onClose={onClose} />;
}

/** What stands here while one household has the appliance to itself. */
function Alone() {
  return (
    <SettingsPage title={words.title}>
      <Empty
        icon={<Building2 className="icon" aria-hidden="true" />}
        title={words.off}
        action={
          <Link className={buttonClass()} to={paths.settings()}>
            {words.toGeneral}
          </Link>
        }
      >
        {words.offBody}
      </Empty>
    </SettingsPage>
  );
}

/** The two ways to another tenant, and the dialogs behind them. */
function Adding({ onCreated }: { onCreated: (id: string) => void }) {
  const may = useMay("tenants.write");
  const [way, setWay] = useState<"add" | "import">();
  const close = () => setWay(undefined);
  return (
    <div className="row">
      <Button disabled={!may} onClick={() => setWay("import")}>
        {words.import.item}
      </Button>
      <Button
        kind="primary"
        disabled={!may}
        icon={<Plus className="icon" aria-hidden="true" />}
        onClick={() => setWay("add")}
      >
        {words.add}
      </Button>
      {way === "add" && <TenantDialog tenant={undefined} onClose={close} onCreated={onCreated} />}
      {way === "import" && <ImportTenant onClose={close} />}
    </div>
  );
}

const nobody: readonly TenantRow[] = [];
const everything: ReadonlySet<string> = new Set();

function Tenants() {
  const [url, setUrl] = useUrl();
  const [question, setQuestion] = useState<Question>();
  const { data, error, isPending, refetch } = api.useQuery("get", "/api/v1/tenants");
  const all: readonly TenantRow[] = data?.items ?? nobody;
  const q = url.get("q") ?? "";
  const rows = useMemo(() => all.filter((tenant) => fits(tenant, q)), [all, q]);
  const open = all.find((tenant) => tenant.id === url.get("open"));
  const defs = useMemo(() => columns((tenant) => setUrl({ open: tenant.id })), [setUrl]);
  const close = () => {
    setUrl({ open: undefined });
    document.querySelector<HTMLElement>(`[data-tenant="${open?.id}"]`)?.focus();
  };
  return (
    <SettingsPage
      title={words.title}
      lead={words.lead}
      action={<Adding onCreated={(id) => setUrl({ open: id })} />}
      panel={open && <TenantPanel tenant={open} onAsk={setQuestion} onClose={close} />}
    >
      <div className="mb-3 w-60 max-md:w-full">
        <FilterInput label={words.filter} value={q} onChange={(text) => setUrl({ q: text })} />
      </div>
      <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={words.loadFailed}>
        <Table
          label={words.title}
          columns={defs}
          rows={rows}
          id={(tenant) => tenant.id}
          active={open?.id}
          hidden={open ? behindPanel : everything}
          dense={all.length > 100}
          empty={
            <Empty
              title={q ? words.none : words.empty}
              action={q && <Button onClick={() => setUrl({ q: undefined })}>{words.clear}</Button>}
            />
          }
        />
      </Loaded>
      {open && question && <Asked tenant={open} question={question} onClose={() => setQuestion(undefined)} />}
    </SettingsPage>
  );
}

/** Who shares the appliance: counts and limits, never contents. */
export function TenantsPage() {
  const me = useMe();
  return me?.multi_tenancy ? <Tenants /> : <Alone />;
}
