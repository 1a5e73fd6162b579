// Single keys: j and k move through the rows ([data-row]), o opens one, x ticks it, ? shows the keys; any other key
// presses what names it: [data-key-ticked] while rows are ticked, else [data-key], first within the row; or it opens
// the row at a part of its page ([data-row-keys], "a=people h=holds"). Switched off by <body data-keys="off"> or, in
// this browser, in the list of keys. Everything works without them.
"use strict";
(() => {
  const MEMORY = "keys";
  const LEFT = "keys.left";
  const ASKED = "keys.asked";
  const ROW = "tr, li";
  const TYPED = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit], [type=button])";
  const help = document.getElementById("keys");
  const choice = document.getElementById("keys-choice");
  const box = document.getElementById("keys-on");
  const off = document.body.dataset.keys === "off";
  let leaving = false;

  const kept = (store, name) => { try { return store.getItem(name); } catch { return null; } };
  const keep = (store, name, text) => { try { store.setItem(name, text); } catch { /* it holds for this page only */ } };

  const rows = () => [...document.querySelectorAll("[data-row]")].filter((each) => each.checkVisibility());
  const rowOf = (node) => node?.closest?.(ROW) ?? null;
  const row = () => {
    const found = rowOf(document.activeElement);
    return found?.querySelector("[data-row]") ? found : null;
  };
  const here = (all) => all.findIndex((each) => row()?.contains(each));
  const move = (by) => {
    const all = rows();
    const at = here(all);
    all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
  };
  const open = () => {
    const all = rows();
    all[Math.max(here(all), 0)]?.click();
  };
  const tick = () => row()?.querySelector("input[type=checkbox]")?.click();
  const showHelp = () => {
    if (!help) return;
    help.open = !help.open;
    if (help.open) help.querySelector("summary").focus();
  };
  const own = { j: () => move(1), k: () => move(-1), o: open, x: tick, "?": showHelp };

  const shown = (within, key) =>
    [...(within?.querySelectorAll(`[data-key="${key}"]`) ?? [])].find((each) => each.checkVisibility());
  const named = (key) => {
    const ticked = document.querySelector(`:is(${ROW}):has([data-row]) input[type=checkbox]:checked`);
    const acts = ticked && [...document.querySelectorAll(`[data-key-ticked="${key}"]`)][0];
    return acts || shown(row(), key) || shown(document.querySelector("main"), key) || shown(document, key);
  };
  const openAt = (key) => {
    const link = row()?.querySelector("[data-row]");
    const parts = link?.closest("[data-row-keys]")?.dataset.rowKeys.split(" ") ?? [];
    const part = parts.find((each) => each.startsWith(`${key}=`));
    if (part) {
      keep(sessionStorage, ASKED, part.slice(2));
      location.assign(`${link.href}#${part.slice(2)}`);
    }
    return Boolean(part);
  };
  const press = (target) => {
    if (target.matches("details")) {
      target.open = true;
      (target.querySelector("input:not([type=hidden]), select, textarea") ?? target.querySelector("summary")).focus();
    } else if (target.matches("input, select, textarea")) {
      target.focus();
      target.select?.();
    } else {
      leaving = !target.matches("[type=button], [href^='#']");
      target.click();
    }
  };

  const typing = (node) => node.closest?.(TYPED) !== null;
  const on = () => !off && (box ? box.checked : kept(localStorage, MEMORY) !== "off");

  if (choice && box) {
    choice.hidden = off;
    box.checked = kept(localStorage, MEMORY) !== "off";
    box.addEventListener("change", () => keep(localStorage, MEMORY, box.checked ? "on" : "off"));
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || leaving) return;
    if (event.repeat && event.key !== "j" && event.key !== "k") return;
    if (!on() || event.defaultPrevented || typing(event.target)) return;
    if (Object.hasOwn(own, event.key)) own[event.key]();
    else {
      if (!/^[a-z/]$/.test(event.key)) return;
      const target = named(event.key);
      if (target) press(target);
      else if (!openAt(event.key)) return;
    }
    event.preventDefault();
  });

  // Who opened a page at one of its parts by a key goes on typing there.
  const arrive = () => {
    const asked = kept(sessionStorage, ASKED);
    keep(sessionStorage, ASKED, "");
    const part = asked && location.hash === `#${asked}` ? document.getElementById(asked) : null;
    const fold = part?.querySelector("details:not([open])");
    if (fold && !part.querySelector("form:not(details form) :is(select, textarea)")) fold.open = true;
    part?.querySelector(":is(select, textarea, input:not([type=hidden]), a, button)")?.focus();
  };

  // Who comes back to a list finds the row they left, or the one that took its place.
  const asked = new URLSearchParams(location.search);
  asked.sort();
  const place = `${location.pathname}?${asked}`;
  addEventListener("pagehide", () => {
    const all = rows();
    const at = here(all);
    if (at >= 0) keep(sessionStorage, LEFT, JSON.stringify({ place, at, href: all[at].getAttribute("href") }));
  });
  addEventListener("pageshow", (event) => {
    leaving = false;
    arrive();
    const left = JSON.parse(kept(sessionStorage, LEFT) ?? "null");
    const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    const named = location.hash.startsWith("#row-");
    if (left?.place !== place || event.persisted || !(back || named)) return;
    const all = rows();
    (all.find((each) => each.getAttribute("href") === left.href) ?? all[Math.min(left.at, all.length - 1)])?.focus();
  });
})();
