// Says when the network is gone, keeps a form from being sent into the void, and says when it is back.
"use strict";
(() => {
  const told = document.getElementById("network");
  if (!told) return;
  let timer = 0;
  const say = (what, leavesAfter = 0) => {
    clearTimeout(timer);
    told.textContent = what ? told.dataset[what] : "";
    if (leavesAfter) timer = setTimeout(() => say(""), leavesAfter);
  };
  const gone = () => say("offline");
  const back = () => { if (told.textContent) say("back", 6000); };
  addEventListener("offline", gone);
  addEventListener("online", back);
  if (!navigator.onLine) gone();
  document.addEventListener("submit", (event) => {
    if (navigator.onLine || event.target.method === "dialog") return;
    event.preventDefault();
    gone();
    told.scrollIntoView({ block: "nearest" });
  }, true);
  // What somebody asked for and waits for is said to be on its way; what the page asks by itself is not.
  const ASKED = new Set(["click", "change", "input", "submit", "toggle"]);
  let slow = 0;
  document.addEventListener("htmx:beforeSend", (event) => {
    if (!ASKED.has(event.detail.requestConfig?.triggeringEvent?.type)) return;
    clearTimeout(slow);
    slow = setTimeout(() => say("slow"), 1000);
  });
  document.addEventListener("htmx:afterRequest", () => {
    clearTimeout(slow);
    if (told.textContent === told.dataset.slow) say("");
  });
  document.addEventListener("htmx:sendError", () => say(navigator.onLine ? "failed" : "offline"));
  document.addEventListener("htmx:timeout", () => say("failed"));
  document.addEventListener("htmx:afterOnLoad", () => { if (navigator.onLine) back(); });
})();
