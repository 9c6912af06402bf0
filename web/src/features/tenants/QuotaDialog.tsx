import { useForm } from "react-hook-form";

import { api, ifMatch } from "../../api/client";
import type { TenantRow } from "../../api/types";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { usageKinds, usageText } from "../../layout/usage";
import { tenants as tenantsWords, usage as usageWords } from "../../locales/tenants";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { toForm, toQuota } from "./quota";
import { usageOf } from "./tenant";

const words = tenantsWords.limits;

/** What a tenant may have at most. */
export function QuotaDialog({ tenant, onClose }: { tenant: TenantRow; onClose: () => void }) {
  const { register, handleSubmit } = useForm({ defaultValues: toForm(tenant) });
  const save = api.useMutation("patch", "/api/v1/tenants/{id}", {
    onSuccess: () => {
      toast({ title: words.saved(tenant.name) });
      onClose();
      return Promise.all([refresh("tenants"), refresh("usage")]);
    },
  });
  const problem = save.error ? toProblem(save.error) : undefined;
  const submit = handleSubmit((form) => {
    const body = { quota: toQuota(form) };
    save.mutate({ params: { path: { id: tenant.id }, header: ifMatch(tenant.rev) }, body });
  });
  return (
    <FormDialog
      title={words.title(tenant.name)}
      lead={words.lead}
      submit={words.save}
      busy={save.isPending}
      error={save.error}
      fields={usageKinds.map((kind) => `quota.${kind}`)}
      onSubmit={() => void submit()}
      onReload={() => {
        void refresh("tenants");
        onClose();
      }}
      onClose={onClose}
    >
      {usageKinds.map((kind) => {
        const usage = usageOf(tenant, kind);
        const storage = kind === "storage_bytes";
        return (
          <Input
            key={kind}
            type="number"
            min={0}
            step={storage ? "any" : 1}
            label={kind === "api_calls_hour" ? tenantsWords.calls : usageWords.kinds[kind]}
            help={usage && words.now(usageText(kind, usage.used))}
            error={problem?.field(`quota.${kind}`)}
            end={storage && <span className="text-faint">{words.gib}</span>}
            placeholder={usageWords.free}
            {...register(kind)}
          />
        );
      })}
    </FormDialog>
  );
}
