// What stands around every page: top bar, bottom bar on phones, banner, help, palette.
import type { ComponentChildren, JSX } from "preact";
import { useSignalEffect } from "@preact/signals";
import { isAdmin } from "../api/session";
import { firing } from "../alerts/firing";
import { count, zoneLabel } from "../format";
import { link } from "../live/stream";
import { path } from "../router";
import { words } from "../words";
import { Help } from "./help";
import { Menu } from "./menu";
import { Palette } from "./palette";

const PAGES = [
  ["fleet", "/"],
  ["explore", "/explore"],
  ["alerts", "/alerts"],
  ["jobs", "/jobs"],
  ["admin", "/admin"],
] as const;

const isUnder = (address: string): boolean => path.value === address || path.value.startsWith(`${address}/`);

export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  useSignalEffect(() => {
    const name = PAGES.find(([, address]) => address !== "/" && isUnder(address))?.[0] ?? "fleet";
    document.title = `${words.value.nav[name]} · Sentinela`;
  });
  return (
    <>
      <a class="skip" href="#content" onClick={() => document.getElementById("content")?.focus()}>
        {words.value.nav.skip}
      </a>
      <header class="top">
        <Brand />
        <Navigation />
        <div class="status">
          <LinkState />
          <Menu label={zoneLabel.value} />
        </div>
      </header>
      {link.value === "off" ? (
        <div class="banner" role="alert">
          {words.value.live.banner}
        </div>
      ) : null}
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Help />
      <Palette />
    </>
  );
}

export function Brand(): JSX.Element {
  return (
    <a class="brand" href="/ui/">
      <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
        <path d="M1.5 13.5h4l3.5-9 5 15 3-7.5h5.5" />
      </svg>
      Sentinela
    </a>
  );
}

function Navigation(): JSX.Element {
  const isHere = (address: string): boolean =>
    address === "/" ? path.value === "/" || path.value.startsWith("/servers/") : isUnder(address);
  return (
    <nav class="nav" aria-label={words.value.nav.main}>
      {PAGES.filter(([name]) => name !== "admin" || isAdmin.value).map(([name, address]) => (
        <a key={name} href={`/ui${address}`} aria-current={isHere(address) ? "page" : undefined}>
          {words.value.nav[name]}
          {name === "alerts" && firing.value?.length ? <Count of={firing.value.length} /> : null}
        </a>
      ))}
    </nav>
  );
}

/** How many incidents are open; the words are for who does not see it. */
function Count({ of: number }: { of: number }): JSX.Element {
  return (
    <span class="count">
      {count(number)}
      <span class="hidden"> {words.value.alerts.firing}</span>
    </span>
  );
}

function LinkState(): JSX.Element {
  return (
    <span class="link-state" role="status" data-link={link.value}>
      {words.value.live[link.value]}
    </span>
  );
}
