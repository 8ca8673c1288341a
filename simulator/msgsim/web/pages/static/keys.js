// Keys: one list of them, the search, walking through lists; and times as they are here.
(() => {
  "use strict";
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  const help = () => document.getElementById("keys");

  // Focus walks, Enter opens: however fast one presses, the row that is seen is the one that opens.
  function walk(by) {
    const rows = [...document.querySelectorAll("#rows .row a, #requests .request a, #callbacks .callback b a")];
    const place = rows.findIndex((row) => row === document.activeElement);
    const start = place < 0 ? rows.findIndex((row) => row.hasAttribute("aria-current")) : place;
    const next = rows[Math.min(Math.max(start + by, 0), rows.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (help().open && event.key !== "?") return;
    const isGallery = document.getElementById("stage") !== null;
    if (event.key === "/") document.querySelector("main input[type=search]")?.focus();
    else if (event.key === "?") help().open ? help().close() : help().showModal();
    else if (event.key === "j" && !isGallery) walk(1);
    else if (event.key === "k" && !isGallery) walk(-1);
    else return;
    event.preventDefault();
  });

  // A link to one of many shows where in the list it stands.
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector(".gallery :is(.entries, .shipped) a[aria-current]")?.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys]")) help().showModal();
    else if (event.target === help()) help().close();
  });

  document.addEventListener("mouseover", (event) => {
    const time = event.target.closest?.("time[datetime]");
    if (!time || time.title) return;
    const here = new Date(time.dateTime);
    time.title = `${time.dateTime.replace("T", " ").replace("Z", "")} UTC\n${here.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" })} here`;
  });
})();
