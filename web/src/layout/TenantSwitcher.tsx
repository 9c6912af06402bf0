import "../ui/places.css";
import { Link } from "@tanstack/react-router";
import { Check, ChevronsUpDown, Layers, Search } from "lucide-react";
import { useState } from "react";

import type { Place } from "../api/session";
import { inTenant } from "../api/tenant";
import { t } from "../locales";
import { Input } from "../ui/Field";
import { Popover, PopoverClose } from "../ui/Popover";
import { initials } from "./initials";

const many = 8; // more of them are filtered

function Name({ place }: { place: Place }) {
  return (
    <>
      <span className="initials" aria-hidden="true">
        {initials(place.name)}
      </span>
      <span className="word clip">{place.name}</span>
    </>
  );
}

interface ListProps {
  here: Place;
  places: readonly Place[];
  all?: string | undefined;
}

// Links, not commands: a tenant opens as a page of its own, in another tab too.
function List({ here, places, all }: ListProps) {
  const [q, setQ] = useState("");
  const words = t.layout.tenant;
  const text = q.trim().toLowerCase();
  const found = places.filter(({ id, name }) => name.toLowerCase().includes(text) || id.includes(text));
  const first = found[0];
  return (
    <div className="places">
      {places.length > many && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (first) location.assign(inTenant(first.id));
          }}
        >
          <Input
            bare
            label={words.filter}
            placeholder={words.filter}
            value={q}
            onChange={(event) => setQ(event.target.value)}
            icon={<Search className="icon" aria-hidden="true" />}
            autoComplete="off"
            spellCheck={false}
          />
        </form>
      )}
      <ul>
        {found.map((place) => (
          <li key={place.id}>
            <a href={inTenant(place.id)} aria-current={place.id === here.id ? "true" : undefined}>
              <span className="clip flex-1" title={place.name}>
                {place.name}
              </span>
              {place.id === here.id && <Check className="icon" aria-label={words.current} />}
            </a>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="label">{words.none}</p>}
      {all && (
        <>
          <hr />
          <PopoverClose>
            <Link to={all}>
              <Layers className="icon" aria-hidden="true" />
              {words.all}
            </Link>
          </PopoverClose>
        </>
      )}
    </div>
  );
}

/** The name of the tenant one is in; a button, if there are others. */
export function TenantSwitcher({ here, places, all }: ListProps) {
  const words = t.layout.tenant;
  if (places.length < 2 && !all)
    return (
      <p className="tenant" title={here.name}>
        <span className="sr-only">{words.label}: </span>
        <Name place={here} />
      </p>
    );
  return (
    <Popover
      label={words.label}
      trigger={
        <button className="tenant" type="button" aria-label={words.choose(here.name)} title={here.name}>
          <Name place={here} />
          <ChevronsUpDown className="icon word" aria-hidden="true" />
        </button>
      }
    >
      <List here={here} places={places} all={all} />
    </Popover>
  );
}
