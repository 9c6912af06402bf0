import { useForm } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import type { TenantRow } from "../../api/types";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { tenants as tenantsWords } from "../../locales/tenants";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";

const words = tenantsWords.form;

interface TenantDialogProps {
  /** Undefined: a new one. */
  tenant: TenantRow | undefined;
  onClose: () => void;
  onCreated?: (id: string) => void;
}

function useSave(tenant: TenantRow | undefined, onClose: () => void, onCreated?: (id: string) => void) {
  const done = (title: string) => {
    toast({ title });
    onClose();
    return refresh("tenants");
  };
  const create = api.useMutation("post", "/api/v1/tenants", {
    onSuccess: async ({ id, name }) => {
      await done(words.created(name));
      onCreated?.(id);
    },
  });
  const update = api.useMutation("patch", "/api/v1/tenants/{id}", {
    onSuccess: ({ name }) => done(words.saved(name)),
  });
  const save = ({ id, name, plan }: { id: string; name: string; plan: string }) => {
    const body = { name: name.trim(), plan: plan.trim() };
    if (!tenant) return create.mutate({ body: { id, ...body } });
    update.mutate({ params: { path: { id: tenant.id }, header: ifMatch(tenant.rev) }, body });
  };
  return { save, busy: create.isPending || update.isPending, error: create.error ?? update.error };
}

const begin = (tenant: TenantRow | undefined) => ({
  id: tenant?.id ?? "",
  name: tenant?.name ?? "",
  plan: tenant?.plan ?? "",
});

/** Adds a tenant, or changes what it is called. */
export function TenantDialog({ tenant, onClose, onCreated }: TenantDialogProps) {
  const { register, handleSubmit } = useForm({ defaultValues: begin(tenant) });
  const { save, busy, error } = useSave(tenant, onClose, onCreated);
  const wrong = (field: string) => (error ? toProblem(error).field(field) : undefined);
  return (
    <FormDialog
      title={tenant ? words.editTitle(tenant.name) : words.addTitle}
      submit={tenant ? words.save : words.create}
      busy={busy}
      error={error}
      fields={["id", "name", "plan"]}
      onSubmit={() => void handleSubmit(save)()}
      onReload={() => {
        void refresh("tenants");
        onClose();
      }}
      onClose={onClose}
    >
      <Input label={words.name} error={wrong("name")} maxLength={100} required {...register("name")} />
      {!tenant && (
        <Input
          mono
          label={words.id}
          help={words.idHelp}
          error={wrong("id")}
          maxLength={49}
          pattern="[a-z0-9][a-z0-9\-]*"
          required
          {...register("id")}
        />
      )}
      <Input
        label={words.plan}
        help={words.planHelp}
        error={wrong("plan")}
        maxLength={50}
        {...register("plan")}
      />
    </FormDialog>
  );
}
