// Small things that every page may have: a page with errors starts at their list, menus close, a zone is offered.
// Everything works without.
"use strict";
document.getElementById("error-summary")?.focus();

(() => {
  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    }
  });
})();

(() => {
  const offer = document.getElementById("zone-offer");
  if (!offer) return;
  const MEMORY = "zone.kept";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const kept = () => { try { return localStorage.getItem(MEMORY); } catch { return null; } };
  if (!zone || /^(Etc\/)?(UTC|GMT|UCT|Universal|Zulu)$/.test(zone) || kept() === zone) return;
  document.getElementById("zone-name").textContent = zone;
  document.getElementById("zone-take").search = new URLSearchParams({ zone }).toString();
  document.getElementById("zone-keep").addEventListener("click", () => {
    try { localStorage.setItem(MEMORY, zone); } catch { /* it is asked again on the next page */ }
    offer.hidden = true;
  });
  offer.hidden = false;
})();
