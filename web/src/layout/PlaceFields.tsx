import type { Problem } from "../api/errors";
import { b } from "../locales/backup";
import { Choice } from "../ui/Choice";
import { Checkbox, Input, PasswordInput, Textarea } from "../ui/Field";
import { AskHostKey } from "./AskHostKey";
import { mask, type PlaceForm, placeKinds, placeURL, withKind } from "./place";

const words = b.place;
interface PlaceFieldsProps {
  value: PlaceForm;
  onChange: (value: PlaceForm) => void;
  problem: Problem | undefined;
  /** What the place is called in the request: "replica". */
  of: string;
  /** Of set-up, where nobody is signed in who could ask a server for its key. */
  token?: string;
}

interface Part {
  value: PlaceForm;
  /** What a field of text needs. */
  text: (
    name: Exclude<keyof PlaceForm, "kind" | "path_style">,
    field?: string,
  ) => {
    value: string;
    error: string | undefined;
    onChange: (event: { target: { value: string } }) => void;
  };
  set: (change: Partial<PlaceForm>) => void;
  token: string | undefined;
}

const stored = ({ secret }: PlaceForm, otherwise?: string) => (secret === mask ? words.stored : otherwise);

function Disk({ text }: Part) {
  return (
    <Input
      mono
      required
      label={words.path}
      help={words.pathHelp}
      placeholder="/mnt/backup/unity"
      {...text("path", "url")}
    />
  );
}

function S3({ value, text, set }: Part) {
  return (
    <>
      <Input
        mono
        label={words.endpoint}
        help={words.endpointHelp}
        placeholder="https://s3.example.org"
        {...text("endpoint")}
      />
      <div className="pair">
        <Input mono required label={words.bucket} {...text("bucket", "url")} />
        <Input mono label={words.prefix} placeholder="unity" {...text("prefix", "")} />
      </div>
      <Input mono label={words.region} placeholder="eu-central-1" {...text("region")} />
      <div className="pair">
        <Input mono label={words.accessKey} help={words.accessKeyHelp} {...text("access_key")} />
        <PasswordInput label={words.secretKey} help={stored(value)} autoComplete="off" {...text("secret")} />
      </div>
      <Checkbox
        label={words.pathStyle}
        help={words.pathStyleHelp}
        checked={value.path_style}
        onChange={(event) => set({ path_style: event.target.checked })}
      />
    </>
  );
}

function Sftp({ value, text, set, token }: Part) {
  return (
    <>
      <div className="pair">
        <Input mono required label={words.host} placeholder="nas.lan" {...text("host", "url")} />
        <Input mono label={words.port} placeholder="22" inputMode="numeric" {...text("port", "")} />
      </div>
      <div className="pair">
        <Input mono required label={words.user} placeholder="unity" {...text("user", "")} />
        <Input mono required label={words.path} placeholder="/srv/unity" {...text("remote_path", "")} />
      </div>
      <Textarea
        mono
        rows={value.secret === mask ? 1 : 3}
        required
        label={words.privateKey}
        help={stored(value, words.privateKeyHelp)}
        placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
        {...text("secret")}
      />
      <div className="grid gap-2">
        <Textarea
          mono
          rows={2}
          required
          label={words.hostKey}
          help={words.hostKeyHelp}
          {...text("host_key")}
        />
        <AskHostKey token={token} form={value} onPin={(key) => set({ host_key: key })} />
      </div>
    </>
  );
}

function WebDav({ value, text }: Part) {
  return (
    <>
      <Input
        mono
        required
        label={words.address}
        help={words.addressHelp}
        placeholder="https://cloud.example.org/dav/unity"
        {...text("address", "url")}
      />
      <div className="pair">
        <Input
          label={words.username}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          {...text("username")}
        />
        <PasswordInput label={words.password} help={stored(value)} autoComplete="off" {...text("secret")} />
      </div>
    </>
  );
}

const parts = { file: Disk, s3: S3, sftp: Sftp, webdav: WebDav } as const;

/** Where a replica or a copy is: the kind, and only what goes with it. */
export function PlaceFields({ value, onChange, problem, of, token }: PlaceFieldsProps) {
  const Fields = parts[value.kind];
  const url = placeURL(value);
  const set = (change: Partial<PlaceForm>) => onChange({ ...value, ...change });
  const text: Part["text"] = (name, field = name) => ({
    value: value[name],
    error: field
      ? (problem?.field(field) ??
        problem?.field(`${of}.${field}`) ??
        (field === "secret" ? problem?.field(`${of}_secret`) : undefined))
      : undefined,
    onChange: (event) => set({ [name]: event.target.value }),
  });
  return (
    <>
      <Choice
        label={words.kind}
        value={value.kind}
        onChange={(kind) => onChange(withKind(value, kind))}
        options={placeKinds.map((kind) => ({ value: kind, label: words.kinds[kind] }))}
      />
      <Fields value={value} text={text} set={set} token={token} />
      {url && (
        <p className="text-sm text-muted">
          {words.url} <code className="break-all">{url}</code>
        </p>
      )}
    </>
  );
}
