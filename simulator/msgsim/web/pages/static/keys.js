// Keys: help, search, and moving through lists. Also titles of times: UTC and the browser's time zone.
(() => {
  "use strict";
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  const help = () => document.getElementById("keys");

  // Moves the focus only; Enter opens the focused row. So fast key presses cannot open a row that is not seen yet.
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

  // Scrolls the list to the entry that the address names.
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
