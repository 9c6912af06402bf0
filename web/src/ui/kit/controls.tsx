import { Plus, Search, X } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "../Button";
import { Copy } from "../Copy";
import { Section } from "../Facts";
import { Checkbox, Input, PasswordInput, Pick, Radios, Select, Switch, Textarea } from "../Field";
import { Badge, looks, Mark, type State, Status } from "../mark";
import { Chip, Segmented } from "../Segmented";
import { Tabs } from "../Tabs";

const states = Object.keys(looks) as State[];

function Buttons() {
  return (
    <Section title="Buttons">
      <div className="flex flex-wrap items-center gap-3">
        <Button kind="primary">Add server</Button>
        <Button icon={<Plus className="icon" />}>Add channel</Button>
        <Button kind="quiet">Not now</Button>
        <Button kind="danger">Delete pve-02</Button>
        <Button disabled title="Only owners may do this">
          Disabled
        </Button>
        <Button kind="primary" busy>
          Save changes
        </Button>
        <Button size="small">Try again</Button>
        <Button size="large" kind="primary">
          Sign in
        </Button>
        <IconButton label="Close">
          <X className="icon" />
        </IconButton>
        <IconButton label="Close" size="small">
          <X className="icon" />
        </IconButton>
        <IconButton label="Search" kind="default">
          <Search className="icon" />
        </IconButton>
        <Copy text="SHA256:9fJ2" label="Copy fingerprint" />
        <Copy text="unity restore FILE" label="Copy command" wide />
        <kbd>Ctrl K</kbd>
        <a className="link" href="#kit">
          A link
        </a>
      </div>
    </Section>
  );
}

function Words() {
  return (
    <Section title="Shapes and words">
      <div className="flex flex-wrap gap-4">
        {states.map((state) => (
          <Status key={state} look={state}>
            {state}
          </Status>
        ))}
      </div>
      <div className="mt-3 flex flex-wrap gap-2">
        {states.map((state) => (
          <Badge key={state} look={state}>
            {state}
          </Badge>
        ))}
      </div>
    </Section>
  );
}

function Choices() {
  const [view, setView] = useState<"list" | "grid">("list");
  const [tab, setTab] = useState<"a" | "b">("a");
  const [on, setOn] = useState(true);
  const [role, setRole] = useState<"viewer" | "admin" | "owner">("viewer");
  return (
    <Section title="Choices">
      <div className="flex flex-wrap items-center gap-3">
        <Segmented
          label="View"
          value={view}
          onChange={setView}
          options={[
            { value: "list", label: "List" },
            { value: "grid", label: "Grid" },
          ]}
        />
        <Chip pressed={on} onPress={setOn} count={3}>
          <Mark shape="triangle" tone="warn" />
          Warning
        </Chip>
        <Chip pressed={!on} onPress={(next) => setOn(!next)} count={1}>
          <Mark shape="cross" tone="critical" />
          Down
        </Chip>
        <Pick label="None" checked={false} onChange={() => undefined} />
        <Pick label="Some" checked={false} some onChange={() => undefined} />
        <Pick label="All" checked onChange={() => undefined} />
      </div>
      <div className="form mt-4">
        <Radios
          label="Role"
          value={role}
          onChange={setRole}
          options={[
            { value: "viewer", label: "Viewer", help: "Sees everything, changes nothing." },
            { value: "admin", label: "Admin", help: "Changes settings and members, too." },
            { value: "owner", label: "Owner", help: "Above your own role.", disabled: true },
          ]}
        />
      </div>
      <div className="mt-4">
        <Tabs
          label="Parts"
          value={tab}
          onChange={setTab}
          tabs={[
            { value: "a", label: "Hardware", content: <p>What it is made of.</p> },
            { value: "b", label: "Packages", content: <p>What is installed.</p> },
          ]}
        />
      </div>
    </Section>
  );
}

function Fields() {
  return (
    <Section title="Fields">
      <div className="grid gap-4 md:grid-cols-3">
        <Input label="Name" defaultValue="nas-attic-zfs-01" help="Unique here." />
        <Input label="Address" defaultValue="10.20.0.311" mono error="Not an IPv4 address: 311 is over 255" />
        <Input
          label="Port"
          defaultValue="22"
          inputMode="numeric"
          end={<span className="text-faint">TCP</span>}
        />
        <Input
          label="Filter"
          bare
          icon={<Search className="icon" />}
          placeholder="Filter servers"
          end={<kbd>/</kbd>}
        />
        <Select label="Severity" defaultValue="warning" help="Decides who is told.">
          <option value="info">Info</option>
          <option value="warning">Warning</option>
          <option value="critical">Critical</option>
        </Select>
        <PasswordInput label="Password" defaultValue="correct horse" />
        <Input label="Disabled" disabled defaultValue="Set by the system" />
        <Textarea label="Notes" defaultValue="Stands in the attic." help="Markdown is not read." />
        <div className="grid content-start gap-3">
          <Checkbox label="Trust this host key" defaultChecked help="Only after comparing the fingerprint." />
          <Checkbox label="Not ticked" />
          <Switch label="Enabled" defaultChecked />
          <Switch label="Muted" help="Nobody is told." />
          <Switch label="Disabled" disabled />
        </div>
      </div>
    </Section>
  );
}

/** Buttons, words, choices and fields. */
export function Controls() {
  return (
    <>
      <Buttons />
      <Words />
      <Choices />
      <Fields />
    </>
  );
}
