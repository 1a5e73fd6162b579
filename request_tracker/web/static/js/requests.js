// The requester's forms: a file is looked at before it is sent, and the form counts what is still needed.
"use strict";
for (const form of document.querySelectorAll("form[data-files]")) {
  const field = form.querySelector("input[type=file]");
  const told = form.querySelector(".file-told");
  const kinds = form.dataset.kinds.split(",");
  const most = Number(form.dataset.most);
  const wrong = (file) => {
    const name = file.name.toLowerCase();
    if (file.size === 0) return "The file is empty: choose the API document again.";
    if (file.size > most) return `The file has ${Math.ceil(file.size / 1e6)} MB: ${Math.floor(most / 1e6)} MB at most. Choose a smaller one, or give its address.`;
    if (name.includes(".") && !kinds.some((kind) => name.endsWith(kind))) return `Choose a file of one of these kinds: ${kinds.join(", ")}`;
    return "";
  };
  const look = () => { told.textContent = [...field.files].map(wrong).find(Boolean) || ""; };
  field.addEventListener("change", look);
  form.addEventListener("submit", (event) => {
    look();
    if (!told.textContent || event.submitter?.name === "later") return;
    event.preventDefault();
    field.focus();
  });
}
const count = document.getElementById("needed-count");
if (count) {
  const form = count.closest("form");
  const groups = count.dataset.needed.split(" ").map((each) => each.split("|"));
  const has = (id) => {
    const field = document.getElementById(id);
    return !!field && (field.type === "checkbox" ? field.checked : !!field.value.trim()) || (id === "document" && !!form.elements.kept);
  };
  const tell = () => {
    const left = groups.filter((ids) => !ids.some(has)).length;
    if (left === groups.length) return;
    const words = left ? `${groups.length - left} of ${groups.length} needed answers are there.` : "All that is needed is there: send it when you like.";
    if (count.textContent !== words) count.textContent = words;
  };
  form.addEventListener("change", tell);
  tell();
}
