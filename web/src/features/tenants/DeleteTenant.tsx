import { useRouter } from "@tanstack/react-router";

import { api } from "../../api/client";
import type { Content, TenantRow } from "../../api/types";
import { refresh } from "../../api/list";
import { FormProblem } from "../../layout/FormProblem";
import { t } from "../../locales";
import { tenants as tenantsWords } from "../../locales/tenants";
import { paths } from "../../paths";
import { Confirm } from "../../ui/Dialog";
import { Skeleton } from "../../ui/Empty";
import { bytes } from "../../ui/format";

const words = tenantsWords.remove;

function textOf({ kind, n }: Content): string {
  if (kind === "storage_bytes") return words.storage(bytes(n));
  return words.contents[kind]?.(n) ?? words.other(kind, n);
}

/** What goes with a tenant, counted. */
function Contents({ id }: { id: string }) {
  const { data, error, isPending } = api.useQuery(
    "get",
    "/api/v1/tenants/{id}/contents",
    { params: { path: { id } } },
    { staleTime: 0 },
  );
  if (isPending) return <Skeleton label={t.ui.loading} lines={3} />;
  if (error) return <p className="text-muted">{words.contentsFailed}</p>;
  const all = data.items.filter(({ n }) => n > 0);
  if (all.length === 0) return <p className="text-muted">{words.nothing}</p>;
  return (
    <div>
      <h3 className="mb-1 font-medium">{words.goes}</h3>
      <ul className="grid gap-x-4 gap-y-1 text-muted md:grid-cols-2">
        {all.map((each) => (
          <li key={each.kind}>{textOf(each)}</li>
        ))}
      </ul>
    </div>
  );
}

/** Asks before a tenant goes for good, and leads to the job that deletes it. */
export function DeleteTenant({ tenant, onClose }: { tenant: TenantRow; onClose: () => void }) {
  const router = useRouter();
  const { id, name } = tenant;
  const remove = api.useMutation("delete", "/api/v1/tenants/{id}", {
    onSuccess: async (job) => {
      onClose();
      void refresh("tenants");
      await router.navigate({ href: paths.job(job.id, { scope: "system" }) });
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => remove.mutate({ params: { path: { id } } })}
      title={words.title(name)}
      lead={words.lead}
      action={words.action(name)}
      typed={id}
      busy={remove.isPending}
    >
      <Contents id={id} />
      <FormProblem error={remove.error} />
    </Confirm>
  );
}
