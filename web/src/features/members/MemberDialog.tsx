import { useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import type { Member } from "../../api/types";
import { FormDialog } from "../../layout/FormDialog";
import { beyond, RoleFields } from "../../layout/RoleFields";
import { t } from "../../locales";
import { Banner } from "../../ui/Banner";
import { toast } from "../../ui/Toast";

const words = t.members;

interface MemberDialogProps {
  member: Member;
  grantable: readonly string[];
  onClose: () => void;
}

/** Changes what a member may do. */
export function MemberDialog({ member, grantable, onClose }: MemberDialogProps) {
  const [role, setRole] = useState(member.role);
  const [grants, setGrants] = useState<readonly string[]>(member.grants);
  const save = api.useMutation("put", "/api/v1/members/{user}", {
    onSuccess: () => {
      toast({ title: words.saved(member.username) });
      onClose();
      return refresh("members");
    },
  });
  return (
    <FormDialog
      title={words.editTitle(member.username)}
      submit={words.save}
      busy={save.isPending}
      error={save.error}
      onSubmit={() =>
        save.mutate({
          params: { path: { user: member.user_id } },
          body: { role, grants: beyond(role, grants) },
        })
      }
      onClose={onClose}
    >
      {member.source === "provider" && <Banner look="info" title={words.provider} />}
      <RoleFields role={role} grants={grants} grantable={grantable} onRole={setRole} onGrants={setGrants} />
    </FormDialog>
  );
}
