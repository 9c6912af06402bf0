import { useMutation } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { ifMatch, request } from "../../api/client";
import { refresh } from "../../api/list";
import { FormDialog } from "../../layout/FormDialog";
import { c } from "../../locales/tls";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Radios } from "../../ui/Field";
import { toast } from "../../ui/Toast";
import { Restart, startedAt } from "./Restart";
import type { Mode, Tls } from "./types";

const words = c.choose;
const modes = ["internal", "acme", "manual", "off"] as const;

/** Whether the appliance listens otherwise in the one than in the other, for which it restarts. */
const restarts = (before: Mode, after: Mode) => (before === "off") !== (after === "off");

interface ModeDialogProps {
  state: Tls;
  onClose: () => void;
  /** A certificate of one's own is to be brought. */
  onOwn: () => void;
}

function useSave(state: Tls, onClose: () => void) {
  return useMutation({
    mutationFn: async (mode: "internal" | "off") => {
      const before = await startedAt();
      await request.PATCH("/api/v1/tls", { params: { header: ifMatch(state.rev) }, body: { mode } });
      return before;
    },
    onSuccess: (_, mode) => {
      if (restarts(state.mode, mode)) return undefined; // there is no page until it is back
      toast({ look: "done", title: words.saved });
      onClose();
      return refresh("tls");
    },
  });
}

/** Chooses who signs. Two of the modes need more than a word, and lead to where it is given. */
export function ModeDialog({ state: now, onClose, onOwn }: ModeDialogProps) {
  const [state] = useState(now); // what is saved here changes it, and what others change is not written over
  const router = useRouter();
  const [mode, setMode] = useState<Mode>(state.mode);
  const save = useSave(state, onClose);
  const ends = mode === "off" && state.mode !== "off";
  const submit = () => {
    if (mode === "acme") return void router.navigate({ href: paths.tlsAcme() });
    if (mode === "manual") return onOwn();
    if (mode === state.mode) return onClose();
    return save.mutate(mode);
  };
  if (save.isSuccess && save.variables && restarts(state.mode, save.variables))
    return <Restart before={save.data} ended={save.variables === "off"} />;
  const leads = mode === "acme" || mode === "manual";
  return (
    <FormDialog
      title={words.title}
      submit={leads ? words.next : ends ? words.offAction : words.save}
      busy={save.isPending}
      error={save.error}
      onSubmit={submit}
      onReload={() => {
        void refresh("tls");
        onClose();
      }}
      onClose={onClose}
    >
      <Radios
        label={words.label}
        value={mode}
        options={modes.map((value) => ({ value, label: words.modes[value], help: words.help[value] }))}
        onChange={setMode}
      />
      {ends && (
        <Banner look="warning" title={words.offTitle}>
          {words.off}
        </Banner>
      )}
    </FormDialog>
  );
}
