import { KeyRound, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { api, ifMatch } from "../../api/client";
import type { Provider } from "../../api/types";
import { refresh } from "../../api/list";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { p } from "../../locales/providers";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Confirm } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Section } from "../../ui/Facts";
import { Table } from "../../ui/Table";
import { toast } from "../../ui/Toast";
import { columns } from "./columns";
import { ProviderDialog } from "./ProviderDialog";
import { TrialDialog } from "./TrialDialog";

const words = p;

function Remove({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const { id, rev, name } = provider;
  const remove = api.useMutation("delete", "/api/v1/providers/{id}", {
    onSuccess: () => {
      toast({ title: words.removed(name) });
      onClose();
      return refresh("providers");
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => remove.mutate({ params: { path: { id }, header: ifMatch(rev) } })}
      title={words.removeTitle(name)}
      lead={words.removeLead}
      action={words.removeAction(name)}
      busy={remove.isPending}
    >
      <FormProblem
        error={remove.error}
        onReload={() => {
          void refresh("providers");
          onClose();
        }}
      />
    </Confirm>
  );
}

/** What has to be told the provider. */
function Redirect({ address }: { address: string }) {
  return (
    <Section title={words.redirect.title}>
      <p className="mb-2 max-w-160 text-muted">{words.redirect.lead}</p>
      <p className="row">
        <code className="min-w-0 [overflow-wrap:anywhere]">{address}</code>
        <Copy text={address} label={words.redirect.copy} />
      </p>
    </Section>
  );
}

type Open = { kind: "edit"; provider: Provider | undefined } | { kind: "try" | "remove"; provider: Provider };

function Opened({ open, onClose }: { open: Open; onClose: () => void }) {
  if (open.kind === "edit") return <ProviderDialog provider={open.provider} onClose={onClose} />;
  const Dialog = open.kind === "try" ? TrialDialog : Remove;
  return <Dialog provider={open.provider} onClose={onClose} />;
}

const none: readonly Provider[] = [];

/** Where else people may sign in from. */
export function ProvidersPage() {
  const [open, setOpen] = useState<Open>();
  const { data, error, isPending, refetch } = api.useQuery("get", "/api/v1/providers");
  const { mutate } = api.useMutation("patch", "/api/v1/providers/{id}", {
    onError: (failed) => toastProblem(words.failed, failed),
    onSettled: () => refresh("providers"),
  });
  const defs = useMemo(
    () =>
      columns({
        onEdit: (provider) => setOpen({ kind: "edit", provider }),
        onTry: (provider) => setOpen({ kind: "try", provider }),
        onRemove: (provider) => setOpen({ kind: "remove", provider }),
        onTurn: ({ id, rev, enabled }) =>
          mutate({ params: { path: { id }, header: ifMatch(rev) }, body: { enabled: !enabled } }),
      }),
    [mutate],
  );
  const rows = data?.items ?? none;
  const add = (
    <Button
      kind="primary"
      icon={<Plus className="icon" aria-hidden="true" />}
      onClick={() => setOpen({ kind: "edit", provider: undefined })}
    >
      {words.add}
    </Button>
  );
  return (
    <SettingsPage title={words.title} lead={words.lead} {...(rows.length > 0 && { action: add })}>
      <Loaded
        of={{ error, loading: isPending, retry: () => void refetch() }}
        failed={words.loadFailed}
        lines={3}
      >
        <Table
          label={words.title}
          columns={defs}
          rows={rows}
          id={(provider) => provider.id}
          empty={
            <Empty
              icon={<KeyRound className="icon" aria-hidden="true" />}
              title={words.empty}
              action={add}
              hint={words.emptyHint}
            >
              {words.emptyBody}
            </Empty>
          }
        />
      </Loaded>
      {data && (
        <div className="mt-8">
          <Redirect address={data.redirect_uri} />
        </div>
      )}
      {open && <Opened open={open} onClose={() => setOpen(undefined)} />}
    </SettingsPage>
  );
}
