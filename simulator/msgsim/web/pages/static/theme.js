// Before the first paint: the theme that was chosen last.
(() => {
  "use strict";
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem("sim-theme");
    if (kept === "light" || kept === "dark") root.dataset.theme = kept;
  } catch {
    // Storage is off: the system decides.
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("sim-theme", root.dataset.theme);
    } catch {
      // It lasts until the page is left.
    }
  });
})();
