import { useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "../../api/client";
import { refresh } from "../../api/list";
import { FormProblem } from "../../layout/FormProblem";
import { v } from "../../locales/vault";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Confirm } from "../../ui/Dialog";
import { PasswordInput } from "../../ui/Field";

const words = v;

interface RotateMasterProps {
  source: "file" | "passphrase";
  onClose: () => void;
}

/** Asks before the master key is replaced, says what to keep, and leads to the job that does it. */
export function RotateMaster({ source, onClose }: RotateMasterProps) {
  const router = useRouter();
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const rotate = api.useMutation("post", "/api/v1/vault/rotate", {
    onSuccess: async (job) => {
      onClose();
      void refresh("vault");
      await router.navigate({ href: paths.job(job.id, { scope: "system" }) });
    },
  });
  const differ = source === "passphrase" && passphrase !== again;
  const confirm = () => {
    setTried(true);
    if (!differ) rotate.mutate({ body: { master: true, ...(passphrase && { passphrase }) } });
  };
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={confirm}
      title={words.masterTitle}
      lead={words.masterLead[source]}
      action={words.rotateMaster}
      busy={rotate.isPending}
    >
      <Banner look="warning" title={`${words.keepTitle}.`}>
        {words.keep[source]}
      </Banner>
      {source === "passphrase" && (
        <>
          <PasswordInput
            label={words.passphrase}
            autoComplete="new-password"
            required
            value={passphrase}
            onChange={(event) => setPassphrase(event.target.value)}
          />
          <PasswordInput
            label={words.again}
            autoComplete="new-password"
            error={tried && differ ? words.differ : undefined}
            required
            value={again}
            onChange={(event) => setAgain(event.target.value)}
          />
        </>
      )}
      <FormProblem error={rotate.error} />
    </Confirm>
  );
}
