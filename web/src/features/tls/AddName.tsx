import { useState } from "react";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { FormProblem } from "../../layout/FormProblem";
import { c } from "../../locales/tls";
import { Confirm } from "../../ui/Dialog";
import { Input } from "../../ui/Field";
import { toast } from "../../ui/Toast";

const words = c.names;

/** Gives the appliance a name. */
export function AddName({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const add = api.useMutation("post", "/api/v1/tls/names", {
    onSuccess: () => {
      toast({ look: "done", title: words.added(name.trim()) });
      onClose();
      return refresh("settings");
    },
  });
  const problem = add.error ? toProblem(add.error) : undefined;
  const there = problem?.code === "tls.name_there";
  return (
    <FormDialog
      title={words.addTitle}
      lead={words.addLead}
      submit={words.add}
      busy={add.isPending}
      error={there ? undefined : add.error}
      fields={["name"]}
      onSubmit={() => add.mutate({ body: { name } })}
      onClose={onClose}
    >
      <Input
        mono
        label={words.name}
        help={words.nameHelp}
        error={there ? problem.detail : problem?.field("name")}
        placeholder="unity.example.org"
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={253}
        required
        inputMode="url"
      />
    </FormDialog>
  );
}

/** Asks before the appliance answers no more to a name. */
export function TakeAway({ name, onClose }: { name: string; onClose: () => void }) {
  const remove = api.useMutation("delete", "/api/v1/tls/names/{name}", {
    onSuccess: () => {
      toast({ title: words.takenAway(name) });
      onClose();
      return refresh("settings");
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => remove.mutate({ params: { path: { name } } })}
      title={words.takeAwayTitle(name)}
      lead={words.takeAwayLead}
      action={words.takeAwayAction(name)}
      busy={remove.isPending}
    >
      <FormProblem error={remove.error} />
    </Confirm>
  );
}
