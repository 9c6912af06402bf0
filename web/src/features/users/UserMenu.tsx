import { useMutation } from "@tanstack/react-query";
import { Ellipsis } from "lucide-react";

import { api, ifMatch, request } from "../../api/client";
import { refresh } from "../../api/list";
import type { OneTimeLink, UserRow } from "../../api/types";
import { FormProblem } from "../../layout/FormProblem";
import { toastProblem } from "../../layout/Problem";
import { t } from "../../locales";
import { IconButton } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import { toast } from "../../ui/Toast";

const words = t.users;

/** Something that is asked about before it is done to a user. */
export type Wish =
  | { kind: "signOut" | "noFactor" | "remove"; user: UserRow }
  | { kind: "link"; user: { username: string; email: string }; link: OneTimeLink };

interface MenuProps {
  user: UserRow;
  factor: boolean;
  onEdit: (user: UserRow) => void;
  onWish: (wish: Wish) => void;
}

/** What can be done about a user. */
export function UserMenu({ user, factor, onEdit, onWish }: MenuProps) {
  const reset = api.useMutation("post", "/api/v1/users/{id}/reset-password", {
    onSuccess: (link) => onWish({ kind: "link", user, link }),
    onError: (error) => toastProblem(words.failed, error),
  });
  return (
    <Menu
      trigger={
        <IconButton size="small" label={words.more(user.username)} busy={reset.isPending}>
          <Ellipsis className="icon" />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => onEdit(user)}>{words.edit}</MenuItem>
      <MenuItem onSelect={() => reset.mutate({ params: { path: { id: user.id } } })}>{words.reset}</MenuItem>
      <MenuLine />
      <MenuItem onSelect={() => onWish({ kind: "signOut", user })}>{words.signOut.item}</MenuItem>
      <MenuItem disabled={!factor} onSelect={() => onWish({ kind: "noFactor", user })}>
        {words.noFactor.item}
        {!factor && <span className="ml-auto pl-3 text-sm text-faint">{words.hasNone}</span>}
      </MenuItem>
      <MenuLine />
      <MenuItem danger onSelect={() => onWish({ kind: "remove", user })}>
        {words.remove.item}
      </MenuItem>
    </Menu>
  );
}

const acts = {
  signOut: ({ id }: UserRow) => request.POST("/api/v1/users/{id}/sign-out", { params: { path: { id } } }),
  noFactor: ({ id }: UserRow) =>
    request.DELETE("/api/v1/users/{id}/second-factor", { params: { path: { id } } }),
  remove: ({ id, rev }: UserRow) =>
    request.DELETE("/api/v1/users/{id}", { params: { path: { id }, header: ifMatch(rev) } }),
};

interface AskProps {
  kind: keyof typeof acts;
  user: UserRow;
  onClose: () => void;
}

/** Asks before something is done to a user, and says what came of it. */
export function Ask({ kind, user, onClose }: AskProps) {
  const { username } = user;
  const said = words[kind];
  const act = useMutation({
    mutationFn: async () => void (await acts[kind](user)),
    onSuccess: () => {
      toast({ title: said.done(username) });
      onClose();
      return refresh("users");
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => act.mutate()}
      title={said.title(username)}
      lead={said.lead}
      action={typeof said.action === "string" ? said.action : said.action(username)}
      typed={kind === "remove" ? username : undefined}
      busy={act.isPending}
    >
      <FormProblem
        error={act.error}
        onReload={() => {
          void refresh("users");
          onClose();
        }}
      />
    </Confirm>
  );
}
