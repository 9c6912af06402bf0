import { api } from "../../api/client";
import { FormProblem } from "../../layout/FormProblem";
import { b } from "../../locales/backup";
import { Confirm } from "../../ui/Dialog";
import { toast } from "../../ui/Toast";
import { refreshBackup } from "./queries";

/** Asks before the replica begins anew in another directory. */
export function Renew({ onClose }: { onClose: () => void }) {
  const renew = api.useMutation("post", "/api/v1/backup/renew", {
    onSuccess: () => {
      toast({ look: "done", title: b.renewDone });
      onClose();
      return refreshBackup();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => renew.mutate({})}
      title={b.renewTitle}
      lead={b.renewLead}
      action={b.renew}
      busy={renew.isPending}
    >
      <FormProblem error={renew.error} />
    </Confirm>
  );
}
