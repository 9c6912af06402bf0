import { useMutation } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";

import { isName } from "../../api/host";
import { refresh } from "../../api/list";
import { canPasskey } from "../../api/passkey";
import { toastProblem } from "../../layout/Problem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Section } from "../../ui/Facts";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import type { Passkey } from "./factors";
import { PasskeyDialog } from "./PasskeyDialog";
import { deletePasskey } from "./passkeys";
import { RecoveryCodes } from "./RecoveryCodes";
import { Way } from "./Way";

const words = t.factors.passkeys;

// Why none can be made here; undefined if one can.
function hindrance(): string | undefined {
  if (!isName(location.hostname)) return words.noName(location.hostname);
  return canPasskey() ? undefined : words.notHere;
}

function About({ passkey }: { passkey: Passkey }) {
  return (
    <>
      <code>{passkey.rp_id}</code> · {words.made} <Time at={passkey.created_at} ago /> ·{" "}
      {passkey.used_at ? (
        <>
          {words.used} <Time at={passkey.used_at} ago />
        </>
      ) : (
        words.neverUsed
      )}
    </>
  );
}

interface Open {
  kind: "add" | "rename" | "remove" | "codes";
  passkey?: Passkey;
  codes?: readonly string[];
}

function Rows({ passkeys, onOpen }: { passkeys: readonly Passkey[]; onOpen: (open: Open) => void }) {
  if (passkeys.length === 0) return null;
  return (
    <ul className="rows">
      {passkeys.map((passkey) => (
        <Way key={passkey.id} name={passkey.name} about={<About passkey={passkey} />}>
          <Button
            size="small"
            aria-label={words.renameOf(passkey.name)}
            onClick={() => onOpen({ kind: "rename", passkey })}
          >
            {words.rename}
          </Button>
          <Button
            size="small"
            aria-label={words.removeOf(passkey.name)}
            onClick={() => onOpen({ kind: "remove", passkey })}
          >
            {words.remove}
          </Button>
        </Way>
      ))}
    </ul>
  );
}

/** The passkeys of the person. */
export function Passkeys({ passkeys, username }: { passkeys: readonly Passkey[]; username: string }) {
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  const remove = useMutation({
    mutationFn: ({ id }: Passkey) => deletePasskey(id),
    onSuccess: (_, { name }) => {
      toast({ title: words.removed, body: name });
      close();
      return refresh("auth");
    },
    onError: (error) => toastProblem(words.removeFailed, error),
  });
  const why = hindrance();
  return (
    <Section
      title={words.title}
      end={
        <Button
          size="small"
          disabled={why !== undefined}
          icon={<Plus className="icon" aria-hidden="true" />}
          onClick={() => setOpen({ kind: "add" })}
        >
          {words.add}
        </Button>
      }
    >
      <p className="mb-2 text-muted">
        {words.lead} {why}
      </p>
      <Rows passkeys={passkeys} onOpen={setOpen} />
      {(open?.kind === "add" || open?.kind === "rename") && (
        <PasskeyDialog
          passkey={open.passkey}
          onDone={(codes) => setOpen(codes.length > 0 ? { kind: "codes", codes } : undefined)}
          onClose={close}
        />
      )}
      {open?.codes && <RecoveryCodes codes={open.codes} username={username} onClose={close} />}
      <Confirm
        open={open?.kind === "remove"}
        onClose={close}
        onConfirm={() => open?.passkey && remove.mutate(open.passkey)}
        title={words.removeTitle(open?.passkey?.name ?? "")}
        lead={words.removeLead}
        action={words.removeAction}
        busy={remove.isPending}
      />
    </Section>
  );
}
