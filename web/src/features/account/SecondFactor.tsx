import { useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import type { components } from "../../api/schema";
import { toastProblem } from "../../layout/Problem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Section } from "../../ui/Facts";
import { Status } from "../../ui/mark";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import type { Factors } from "./factors";
import { RecoveryCodes } from "./RecoveryCodes";
import { TotpDialog } from "./TotpDialog";
import { Way } from "./Way";

const words = t.factors;
const few = 3;

type Open =
  | { kind: "enrol"; enrolment: components["schemas"]["Enrolment"] }
  | { kind: "codes"; codes: readonly string[] }
  | { kind: "remove" }
  | { kind: "renew" };

function useActs(setOpen: (open: Open | undefined) => void) {
  const showCodes = (codes: readonly string[]) => {
    setOpen({ kind: "codes", codes });
    void refresh("auth");
  };
  const enrol = api.useMutation("post", "/api/v1/auth/totp", {
    onSuccess: (enrolment) => setOpen({ kind: "enrol", enrolment }),
    onError: (error) => toastProblem(words.totp.failed, error),
  });
  const remove = api.useMutation("delete", "/api/v1/auth/totp", {
    onSuccess: () => {
      setOpen(undefined);
      toast({ title: words.totp.removed });
      return refresh("auth");
    },
    onError: (error) => toastProblem(words.totp.removeFailed, error),
  });
  const renew = api.useMutation("post", "/api/v1/auth/recovery-codes", {
    onSuccess: ({ recovery_codes: codes }) => showCodes(codes),
    onError: (error) => toastProblem(words.codes.failed, error),
  });
  return { enrol, remove, renew, showCodes };
}

type Acts = ReturnType<typeof useActs>;

interface RowProps {
  factors: Factors;
  acts: Acts;
  setOpen: (open: Open) => void;
}

function Totp({ factors: { totp_since: since }, acts, setOpen }: RowProps) {
  if (since)
    return (
      <Way
        name={words.totp.name}
        about={
          <>
            {words.totp.since} <Time at={since} ago />
          </>
        }
        status={<Status look="ok">{words.on}</Status>}
      >
        <Button size="small" onClick={() => setOpen({ kind: "remove" })}>
          {words.totp.remove}
        </Button>
      </Way>
    );
  return (
    <Way name={words.totp.name} about={words.totp.about} status={<Status look="unknown">{words.off}</Status>}>
      <Button size="small" busy={acts.enrol.isPending} onClick={() => acts.enrol.mutate({})}>
        {words.totp.setUp}
      </Button>
    </Way>
  );
}

function Codes({ factors, setOpen }: RowProps) {
  const { totp_since: since, recovery_codes_left: left, passkeys = [] } = factors;
  if (!since && left === 0 && passkeys.length === 0) return null;
  return (
    <Way
      name={words.codes.name}
      about={words.codes.about}
      status={<Status look={left > few ? "ok" : "warning"}>{words.codes.left(left)}</Status>}
    >
      <Button size="small" onClick={() => setOpen({ kind: "renew" })}>
        {words.codes.renew}
      </Button>
    </Way>
  );
}

/** The authenticator app, and the codes for who loses it. */
export function SecondFactor({ factors, username }: { factors: Factors; username: string }) {
  const [open, setOpen] = useState<Open>();
  const acts = useActs(setOpen);
  const close = () => setOpen(undefined);
  return (
    <Section title={words.title}>
      <p className="mb-2 text-muted">{words.lead}</p>
      <ul className="rows">
        <Totp factors={factors} acts={acts} setOpen={setOpen} />
        <Codes factors={factors} acts={acts} setOpen={setOpen} />
      </ul>
      {open?.kind === "enrol" && (
        <TotpDialog enrolment={open.enrolment} onDone={acts.showCodes} onClose={close} />
      )}
      {open?.kind === "codes" && <RecoveryCodes codes={open.codes} username={username} onClose={close} />}
      <Confirm
        open={open?.kind === "remove"}
        onClose={close}
        onConfirm={() => acts.remove.mutate({})}
        title={words.totp.removeTitle}
        lead={factors.passkeys?.length ? words.totp.removeLeadPasskey : words.totp.removeLead}
        action={words.totp.removeAction}
        busy={acts.remove.isPending}
      />
      <Confirm
        open={open?.kind === "renew"}
        onClose={close}
        onConfirm={() => acts.renew.mutate({})}
        title={words.codes.renewTitle}
        lead={words.codes.renewLead(factors.recovery_codes_left)}
        action={words.codes.renew}
        busy={acts.renew.isPending}
      />
    </Section>
  );
}
