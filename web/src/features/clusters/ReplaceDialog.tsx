import { api, ifMatch } from "../../api/client";
import { refresh } from "../../api/list";
import type { Cluster } from "../../api/types";
import { FormDialog } from "../../layout/FormDialog";
import { k } from "../../locales/clusters";
import { toast } from "../../ui/Toast";
import { CredentialFields } from "./CredentialFields";
import { pasted, useCredential } from "./useCredential";

const words = k.settings;

/** Another credential for the same cluster: the old one ran out, or may too much. */
export function ReplaceDialog({ cluster, onClose }: { cluster: Cluster; onClose: () => void }) {
  const credential = useCredential(pasted);
  const save = api.useMutation("patch", "/api/v1/clusters/{id}", {
    onSuccess: () => {
      toast({ title: words.replaced(cluster.name) });
      onClose();
      return refresh("clusters", cluster.id);
    },
  });
  const { given, ready } = credential;
  return (
    <FormDialog
      wide
      title={words.replaceTitle(cluster.name)}
      lead={words.replaceLead}
      submit={words.replace}
      busy={save.isPending}
      error={save.error}
      onSubmit={() =>
        given &&
        ready &&
        save.mutate({
          params: { path: { id: cluster.id }, header: ifMatch(cluster.rev) },
          body: { credential: given },
        })
      }
      onReload={() => {
        void refresh("clusters", cluster.id);
        onClose();
      }}
      onClose={onClose}
    >
      <CredentialFields of={credential} />
    </FormDialog>
  );
}
