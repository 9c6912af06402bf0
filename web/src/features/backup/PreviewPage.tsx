import { useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { api } from "../../api/client";
import { Problem } from "../../api/errors";
import { useMe } from "../../api/may";
import type { Preview } from "./types";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { toastProblem } from "../../layout/Problem";
import { SettingsPage } from "../../layout/SettingsPage";
import { b } from "../../locales/backup";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Facts, Section } from "../../ui/Facts";
import { bytes, exact } from "../../ui/format";
import { toast } from "../../ui/Toast";
import { Time } from "../../ui/Time";
import { Changes } from "./Changes";
import { previewQuery, refreshBackup } from "./queries";

const words = b.preview;

interface RestoreProps {
  preview: Preview;
  onClose: () => void;
}

/** Asks for the word, restores, and waits for the appliance to come back. */
function Restore({ preview, onClose }: RestoreProps) {
  const router = useRouter();
  const { id, moment } = preview;
  useEffect(() => void import("../../layout/RestartingPage"), []); // it could not be fetched from what restarts
  const restore = api.useMutation("post", "/api/v1/backup/restore", {
    onSuccess: () => router.navigate({ href: paths.restarting(moment), replace: true }),
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => restore.mutate({ body: { preview: id } })}
      title={words.confirm(exact(moment))}
      lead={words.confirmLead}
      action={words.restore}
      typed={words.word}
      busy={restore.isPending || restore.isSuccess}
    >
      <FormProblem error={restore.error} />
    </Confirm>
  );
}

function Discard() {
  const router = useRouter();
  const discard = api.useMutation("delete", "/api/v1/backup/restore-preview", {
    onSuccess: async () => {
      await router.navigate({ href: paths.backup() });
      toast({ title: words.discarded });
      await refreshBackup();
    },
    onError: (error) => toastProblem(words.discardFailed, error),
  });
  return (
    <Button busy={discard.isPending} onClick={() => discard.mutate({})}>
      {words.discard}
    </Button>
  );
}

function Happens({ preview }: { preview: Preview }) {
  const [asking, setAsking] = useState(false);
  return (
    <Section title={words.happens}>
      <ol className="sentences max-w-160">
        {words.sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ol>
      <div className="row mt-4 flex-wrap">
        <Button kind="danger" onClick={() => setAsking(true)}>
          {words.restore}
        </Button>
        <Discard />
      </div>
      {asking && <Restore preview={preview} onClose={() => setAsking(false)} />}
    </Section>
  );
}

function Body({ preview }: { preview: Preview }) {
  const many = useMe()?.multi_tenancy ?? false;
  return (
    <>
      <Facts
        facts={[
          [words.moment, exact(preview.moment)],
          [words.made, <Time key="m" at={preview.made_at} ago />],
          [words.size, bytes(preview.bytes)],
          [words.position, <code key="p">{preview.position}</code>],
        ]}
      />
      <Changes differences={preview.differences} apart={many} />
      <Happens preview={preview} />
    </>
  );
}

function Nothing() {
  return (
    <Empty
      title={words.none}
      action={
        <Link className={buttonClass()} to={paths.backup()}>
          {words.back}
        </Link>
      }
    >
      {words.noneBody}
    </Empty>
  );
}

/** Another moment beside the one that runs: what would change, and the way to go there. */
export function PreviewPage() {
  const { data, error, isPending, refetch } = useQuery({ ...previewQuery(), refetchOnMount: "always" });
  const none = error instanceof Problem && error.status === 404;
  return (
    <SettingsPage title={words.title} lead={data && !none && words.lead(exact(data.moment))}>
      {none ? (
        <Nothing />
      ) : (
        <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={words.loadFailed}>
          {data && <Body preview={data} />}
        </Loaded>
      )}
    </SettingsPage>
  );
}
