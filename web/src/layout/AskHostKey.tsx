import { useState } from "react";

import { api } from "../api/client";
import { b } from "../locales/backup";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { Status } from "../ui/mark";
import { type PlaceForm, toPlace } from "./place";
import { ProblemBanner } from "./Problem";

const words = b.place;

interface OfferedProps {
  fingerprint: string;
  onPin: () => void;
}

function Offered({ fingerprint, onPin }: OfferedProps) {
  return (
    <div className="grid gap-2 rounded-md border border-line-strong px-3 py-2" role="status">
      <p>{words.offered}</p>
      <code className="break-all">{fingerprint}</code>
      <span className="row">
        <code className="min-w-0 break-words text-muted">{words.command}</code>
        <Copy text={words.command} label={words.copyCommand} />
      </span>
      <div>
        <Button size="small" onClick={onPin}>
          {words.pin}
        </Button>
      </div>
    </div>
  );
}

interface AskHostKeyProps {
  form: PlaceForm;
  /** Of set-up; without it, whoever is signed in asks. */
  token: string | undefined;
  onPin: (key: string) => void;
}

/** Asks a server for the key it proves itself with, and pins it once somebody has compared it. */
export function AskHostKey({ form, token, onPin }: AskHostKeyProps) {
  const [pinned, setPinned] = useState("");
  const signedIn = api.useMutation("post", "/api/v1/backup/host-key");
  const settingUp = api.useMutation("post", "/api/v1/setup/restore/host-key");
  const ask = token === undefined ? signedIn : settingUp;
  const { host_key: _, ...place } = toPlace(form);
  const go = () =>
    token === undefined ? signedIn.mutate({ body: { place } }) : settingUp.mutate({ body: { token, place } });
  return (
    <>
      <div className="row">
        <Button size="small" busy={ask.isPending} disabled={!form.host.trim()} onClick={go}>
          {words.ask}
        </Button>
        {pinned && pinned === form.host_key && <Status look="done">{words.pinned}</Status>}
      </div>
      {ask.error && <ProblemBanner error={ask.error} title={words.askFailed} />}
      {ask.data && (
        <Offered
          fingerprint={ask.data.fingerprint}
          onPin={() => {
            setPinned(ask.data.host_key);
            onPin(ask.data.host_key);
            ask.reset();
          }}
        />
      )}
    </>
  );
}
