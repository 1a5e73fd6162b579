// Single keys for the duplicates inbox. Each presses a button or a link of the page; they can be switched off, and
// everything works without them.
"use strict";
(() => {
  const MEMORY = "duplicates.keys";
  const help = document.getElementById("keys");
  const choice = document.getElementById("keys-choice");
  const box = document.getElementById("keys-on");
  let leaving = false;

  const remembered = () => {
    try { return localStorage.getItem(MEMORY) !== "off"; } catch { return true; }
  };
  const remember = (on) => {
    try { localStorage.setItem(MEMORY, on ? "on" : "off"); } catch { /* it holds for this page only */ }
  };

  const pairs = () => [...document.querySelectorAll("[data-pair]")];
  const here = (all) => all.indexOf(document.activeElement);
  const move = (by) => {
    const all = pairs();
    const at = here(all);
    all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]?.focus();
  };
  const open = () => {
    const all = pairs();
    all[Math.max(here(all), 0)]?.click();
  };
  const showHelp = () => {
    help.open = !help.open;
    if (help.open) help.querySelector("summary").focus();
  };
  const press = (key) => {
    const target = document.querySelector(`[data-key="${key}"]`);
    if (!target) return false;
    leaving = true;
    target.click();
    return true;
  };

  const typing = (node) => node.closest("input, textarea, select, [contenteditable]") !== null;
  const own = { j: () => move(1), k: () => move(-1), o: open, "?": showHelp };

  if (choice && box) {
    choice.hidden = false;
    box.checked = remembered();
    box.addEventListener("change", () => remember(box.checked));
  }
  addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || leaving) return;
    if (event.repeat && event.key !== "j" && event.key !== "k") return;
    if (!box?.checked || typing(event.target) || event.defaultPrevented) return;
    if (Object.hasOwn(own, event.key)) own[event.key]();
    else if (!/^[a-z]$/.test(event.key) || !press(event.key)) return;
    event.preventDefault();
  });
})();
