import { Link } from "@tanstack/react-router";
import { Download, Printer } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";

import { api } from "../../api/client";
import { toProblem } from "../../api/errors";
import { refresh } from "../../api/list";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { NewPassword } from "../../layout/NewPassword";
import { SettingsPage } from "../../layout/SettingsPage";
import { b } from "../../locales/backup";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button, buttonClass } from "../../ui/Button";
import { PasswordInput } from "../../ui/Field";
import { Time } from "../../ui/Time";
import { KitPrint, KitSheet, type MadeKit } from "./KitSheet";
import { useStatus } from "./queries";

const words = b.kitPage;

interface MakeProps {
  /** When the last one was made. */
  at: string | null;
  /** Whether there is a replica for it to lead to. */
  on: boolean;
  onMade: (kit: MadeKit) => void;
}

function Make({ at, on, onMade }: MakeProps) {
  const { register, handleSubmit, control, formState } = useForm({
    defaultValues: { passphrase: "", again: "" },
  });
  const make = api.useMutation("post", "/api/v1/backup/kit", {
    gcTime: 0, // it holds the passphrase
    onSuccess: (kit) => {
      onMade(kit);
      return refresh("backup");
    },
  });
  const problem = make.error ? toProblem(make.error) : undefined;
  const submit = handleSubmit(({ passphrase }) => make.mutate({ body: { passphrase } }));
  return (
    <>
      {!on && (
        <Banner
          look="warning"
          className="mb-4"
          title={words.off}
          action={
            <Link className={buttonClass({ size: "small" })} to={paths.backup()}>
              {words.choose}
            </Link>
          }
        >
          {words.offBody}
        </Banner>
      )}
      <form className="form" onSubmit={(event) => void submit(event)}>
        <NewPassword
          autoFocus
          label={words.passphrase}
          control={control}
          name="passphrase"
          error={problem?.field("passphrase")}
        />
        <PasswordInput
          tall
          required
          label={words.again}
          autoComplete="new-password"
          help={words.keep}
          error={formState.errors.again?.message}
          {...register("again", { validate: (text, all) => text === all.passphrase || words.differ })}
        />
        <FormProblem error={make.error} fields={["passphrase"]} />
        <div className="row flex-wrap">
          <Button kind="primary" type="submit" busy={make.isPending}>
            {words.make}
          </Button>
          {at && (
            <span className="text-sm text-muted">
              {words.last} <Time at={at} ago />
            </span>
          )}
        </div>
      </form>
    </>
  );
}

function Made({ kit, onAnother }: { kit: MadeKit; onAnother: () => void }) {
  return (
    <>
      <Banner look="info" className="mb-4" title={words.once}>
        {words.onceBody}
      </Banner>
      <div className="row mb-4 flex-wrap">
        <a
          className={buttonClass({ kind: "primary" })}
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(kit.text)}`}
          download={kit.file_name}
        >
          <Download className="icon" aria-hidden="true" />
          {words.download}
        </a>
        <Button icon={<Printer className="icon" aria-hidden="true" />} onClick={() => print()}>
          {words.print}
        </Button>
        <Button onClick={onAnother}>{words.another}</Button>
      </div>
      <KitSheet kit={kit} />
      <KitPrint kit={kit} />
    </>
  );
}

/** Makes what brings the appliance back on an empty box, and shows it once: as a file, and on paper. */
export function KitPage() {
  const [kit, setKit] = useState<MadeKit>();
  const { data, error, isPending, refetch } = useStatus();
  return (
    <SettingsPage title={b.kit.title} lead={words.lead}>
      <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={b.loadFailed}>
        {kit ? (
          <Made kit={kit} onAnother={() => setKit(undefined)} />
        ) : (
          data && <Make at={data.kit_at} on={data.state !== "off"} onMade={setKit} />
        )}
      </Loaded>
    </SettingsPage>
  );
}
