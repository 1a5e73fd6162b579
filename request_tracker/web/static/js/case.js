// The case page: folded sections open when a link leads into them; colleagues hear who else is here; a template asks
// before it replaces what was typed. Everything works without it.
"use strict";
(() => {
  const BEAT = 20_000;

  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    let opened = false;
    for (let each = target; each; each = each.parentElement) {
      if (each.matches("details:not([open])")) { each.open = true; opened = true; }
    }
    const own = target.querySelector(":scope > details:only-of-type:not([open])");
    if (own && target.matches(".move")) { own.open = true; opened = true; }
    if (opened) target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("a[href^='#']")?.hash === location.hash) unfold();
  });
  unfold();

  const isTyped = (field) =>
    field.matches("select") ? [...field.options].some((each) => each.selected !== each.defaultSelected && (each.selected || each.defaultSelected)) && field.value !== "" && !field.closest("[data-pick]")
      : field.matches("[type=checkbox], [type=radio]") ? field.checked !== field.defaultChecked
        : field.value !== field.defaultValue;
  const typed = () => [...document.querySelectorAll("main :is(textarea, select, input:not([type=hidden]))")].some(isTyped);
  for (const form of document.querySelectorAll("[data-pick]")) {
    const told = form.querySelector("[data-pick-told]");
    form.addEventListener("submit", (event) => {
      if (!told.hidden || !typed()) return;
      event.preventDefault();
      told.hidden = false;
    });
  }

  const box = document.getElementById("presence");
  const token = document.querySelector("main [name=csrf_token]")?.value;
  if (!box?.dataset.to || !token) return;
  let wrote = 0;
  let said = false;
  const tell = async () => {
    if (document.hidden) return;
    said = Date.now() - wrote < BEAT;
    const body = new URLSearchParams({ csrf_token: token, writing: said ? "1" : "" });
    try {
      const answer = await fetch(box.dataset.to, { method: "POST", body, credentials: "same-origin", redirect: "error" });
      const words = answer.ok ? (await answer.text()).trim() : null;
      if (words !== null && words !== box.innerHTML.trim()) box.innerHTML = words;
    } catch { /* nobody is told for a while */ }
  };
  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("form[method=post]")) return;
    wrote = Date.now();
    if (!said) { said = true; tell(); }
  });
  document.addEventListener("visibilitychange", tell);
  setInterval(tell, BEAT);
  tell();
})();
