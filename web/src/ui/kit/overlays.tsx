import "../places.css";
import "../timeline.css";
import { ChevronDown, RefreshCw } from "lucide-react";
import { useState } from "react";

import { Button } from "../Button";
import { Confirm, Dialog } from "../Dialog";
import { Section } from "../Facts";
import { Input } from "../Field";
import { Badge, Mark } from "../mark";
import { Menu, MenuCheck, MenuItem, MenuLabel, MenuLine } from "../Menu";
import { Panel } from "../Panel";
import { Popover, PopoverClose } from "../Popover";
import { toast } from "../Toast";

/** Dialogs, menus, toasts and the side panel, each behind its button. */
export function Overlays() {
  const [open, setOpen] = useState<"dialog" | "confirm" | "panel">();
  const [wide, setWide] = useState(true);
  const close = () => setOpen(undefined);
  return (
    <Section title="Overlays">
      <div className="flex flex-wrap gap-3">
        <Button onClick={() => setOpen("dialog")}>Open dialog</Button>
        <Button onClick={() => setOpen("confirm")}>Delete pve-02</Button>
        <Button onClick={() => setOpen("panel")}>Open panel</Button>
        <Menu
          trigger={
            <Button>
              Open menu
              <ChevronDown className="icon" />
            </Button>
          }
          align="start"
        >
          <MenuLabel>pve-02</MenuLabel>
          <MenuItem
            icon={<RefreshCw className="icon" />}
            onSelect={() => toast({ title: "Scan of pve-02 started" })}
          >
            Scan now
          </MenuItem>
          <MenuCheck checked={wide} onChange={setWide}>
            Temperature
          </MenuCheck>
          <MenuItem disabled>Not possible now</MenuItem>
          <MenuLine />
          <MenuItem danger onSelect={() => setOpen("confirm")}>
            Delete pve-02
          </MenuItem>
        </Menu>
        <Popover label="Tenant" trigger={<Button>Open popover</Button>}>
          <div className="places">
            <Input bare label="Filter tenants" placeholder="Filter tenants" />
            <ul>
              {["Home", "Acme Corporation"].map((name) => (
                <li key={name}>
                  <a href="#top" aria-current={name === "Home" ? "true" : undefined}>
                    {name}
                  </a>
                </li>
              ))}
            </ul>
            <hr />
            <PopoverClose>
              <a href="#top">All tenants</a>
            </PopoverClose>
          </div>
        </Popover>
        <Button
          onClick={() =>
            toast({
              title: "Silenced 3 servers for 2 h",
              body: "k3s-worker-1, -2 and -3, to 20:01",
              action: <Button size="small">Undo</Button>,
            })
          }
        >
          Show toast
        </Button>
        <Button
          onClick={() =>
            toast({
              look: "critical",
              title: "Could not tag nas-attic-zfs-01",
              body: "Someone changed it at 18:01.",
            })
          }
        >
          Show failure
        </Button>
      </div>
      <Dialog
        open={open === "dialog"}
        onClose={close}
        title="Rename server"
        lead="Its history stays."
        onSubmit={close}
        foot={
          <>
            <Button onClick={close}>Cancel</Button>
            <Button kind="primary" type="submit">
              Rename server
            </Button>
          </>
        }
      >
        <Input label="Name" defaultValue="pve-02" />
      </Dialog>
      <Confirm
        open={open === "confirm"}
        onClose={close}
        onConfirm={close}
        title="Delete pve-02?"
        lead="This ends its monitoring. The machine itself is not touched."
        action="Delete pve-02"
        typed="pve-02"
      >
        <ul className="steps">
          <li>
            <Mark shape="cross" tone="critical" />
            90 days of metrics, 412 MiB
          </li>
          <li>
            <Mark shape="check" tone="ok" />
            Its 2 credentials stay
          </li>
        </ul>
      </Confirm>
      {open === "panel" && (
        <div className="fixed inset-y-0 right-0 w-96 bg-surface">
          <Panel label="Alert" head={<Badge look="warning">Warning</Badge>} onClose={close}>
            <h2>/tank/media is 88 % full</h2>
            <h3>Time line</h3>
            <ol className="timeline">
              <li>
                <time>17:58</time>
                <span className="dot" />
                <span>lea opened the alert</span>
              </li>
              <li>
                <time>17:43</time>
                <Mark shape="triangle" tone="warn" />
                <span>
                  <b className="font-medium">Fired</b> after 5 min over 88 %
                </span>
              </li>
              <li>
                <time>17:38</time>
                <Mark shape="ring" />
                <span>Pending, 88.0 %</span>
              </li>
            </ol>
          </Panel>
        </div>
      )}
    </Section>
  );
}
