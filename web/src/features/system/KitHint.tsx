import { Link } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useState } from "react";

import { api } from "../../api/client";
import { b } from "../../locales/backup";
import { paths } from "../../paths";
import { IconButton } from "../../ui/Button";

const words = b.kitHint;
const key = "kit.hidden";

/** Reminds of the recovery kit until there is one, or until this browser was told not to. */
export function KitHint() {
  const [hidden, setHidden] = useState(() => localStorage.getItem(key) !== null);
  const state = api.useQuery("get", "/api/v1/backup", {}, { enabled: !hidden }).data;
  if (hidden || !state || state.kit_at) return null;
  const hide = () => {
    localStorage.setItem(key, "");
    setHidden(true);
  };
  return (
    <p className="row order-last mt-4 text-sm text-muted">
      <span className="min-w-0 flex-1">
        {words.text}{" "}
        <Link className="link" to={paths.backupKit()}>
          {words.make}
        </Link>
      </span>
      <IconButton size="small" label={words.hide} onClick={hide}>
        <X className="icon" />
      </IconButton>
    </p>
  );
}
